// The package as a stranger has it: packed, installed without a network into a project of its own, compiled for Node and
// for a browser without skipping its declarations, and run. The project is the package's README.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runProgram } from '../helpers/command.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(join(ROOT, 'packages/client/README.md'), 'utf8');

/** What the compiler must refuse, and what it must know. */
const WRONG = `
import { createClient, type Customer, type LoyaltyTransaction } from '@customer-service/client';
const service = createClient({ url: 'http://localhost', token: '' });
export async function calls(): Promise<void> {
  // @ts-expect-error no such currency
  await service.loyalty.earn('a', { amount_minor: 1, currency: 'XXX' });
  // @ts-expect-error no name
  await service.customers.create({ first_name: 'Ada' });
  // @ts-expect-error no such field
  await service.loyalty.redeem('a', { points: 1, colour: 'red' });
  // @ts-expect-error no such filter
  service.customers.list({ colour: 'red' });
  // @ts-expect-error no such operation
  await service.request('GET /colours');
  // @ts-expect-error whose?
  await service.request('GET /customers/{customer_id}');
  // @ts-expect-error a key for what is no movement
  await service.request('GET /health', { idempotency_key: 'a' });
  // @ts-expect-error no list
  service.list('GET /health', {});
  const earned: LoyaltyTransaction = await service.loyalty.earn('a', { points: 1 }, { idempotency_key: 'a', wait: 5 });
  for await (const customer of service.customers.list({ tier: earned.status === 'applied' ? 'gold' : 'bronze' })) {
    const { first_name }: Customer = customer;
    console.log(first_name);
  }
}
`;

describe('the package', () => {
  let folder: string;
  let service: Service;
  before(async () => {
    service = await startService();
    folder = mkdtempSync(join(tmpdir(), 'customer-service-client-'));
    const run = (command: string, args: string[], cwd: string) =>
      execFileSync(command, args, { cwd, encoding: 'utf8' });
    run('npm', ['pack', '--silent', '--pack-destination', folder], join(ROOT, 'packages/client'));
    const [tarball] = readdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
    run('npm', ['install', '--silent', '--offline', '--no-audit', '--no-fund', `./${tarball}`], folder);
    writeProject();
  });
  after(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function writeProject(): void {
    for (const [, name, text] of README.matchAll(/^```ts (\w+)\n([\s\S]*?)^```/gm)) {
      const place = join(folder, name === 'checkout' ? 'node' : 'browser');
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, `${name}.ts`), text as string);
    }
    writeFileSync(join(folder, 'node', 'wrong.ts'), WRONG);
    const common = { strict: true, module: 'nodenext', target: 'es2023', skipLibCheck: false, rootDir: '.' };
    const node = { ...common, lib: ['es2023'], types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] };
    const browser = { ...common, lib: ['es2023', 'dom', 'dom.iterable'], types: [] };
    for (const [name, compilerOptions] of Object.entries({ node, browser })) {
      writeFileSync(join(folder, name, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    }
  }

  const compile = (name: string) =>
    runProgram(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(folder, name)]);

  it('has what it needs and nothing else', () => {
    const installed = readdirSync(join(folder, 'node_modules'), { recursive: true, encoding: 'utf8' });
    const packages = installed.filter((path) => path.endsWith('package.json'));
    expect(packages).to.deep.equal(['@customer-service/client/package.json']);
    const top = readdirSync(join(folder, 'node_modules/@customer-service/client'));
    expect(top).to.have.members(['LICENSE', 'README.md', 'dist', 'package.json', 'src']);
    expect(installed.filter((path) => path.includes('tsbuildinfo'))).to.deep.equal([]);
  });

  it('compiles for Node, and its checkout runs against the service', async () => {
    expect(await compile('node')).to.deep.equal({ code: 0, output: '' });
    const environment = { URL: service.url, TOKEN: tokenFor('admin') };
    const { code, output } = await runProgram(process.execPath, [join(folder, 'node/checkout.js')], environment);
    expect(output.trimEnd().split('\n').slice(1)).to.deep.equal(['23 points, bronze', '2 redeem 100', '1 earn 123']);
    expect(output).to.match(/^.*123 points/);
    expect(code).to.equal(0);
  });

  it('compiles for a browser', async () => {
    expect(await compile('browser')).to.deep.equal({ code: 0, output: '' });
  });
});
