// `npm start` on a machine with the usual port taken: ready with the demo shop, survives its own death, ends clean.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { until } from '../helpers/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Running {
  child: ChildProcess;
  output(): string;
}

function npmStart(data_dir: string, ...args: string[]): Running {
  const { PATH, HOME } = process.env;
  const child = spawn('npm', ['start', '--', ...args], { cwd: ROOT, env: { PATH, HOME, DATA_DIR: data_dir } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  return { child, output: () => output };
}

const ready = ({ child, output }: Running) =>
  until(
    () => {
      if (child.exitCode !== null) throw new Error(`npm start ended: ${output()}`);
      return output().includes('\nReady.');
    },
    { timeout_ms: 300_000, what: 'npm start to be ready' },
  );

/** Whatever carries the data folder in its command line or its environment, as `ps` shows both with `e`. */
function processesOf(data_dir: string): string[] {
  const list = execFileSync('ps', ['axeww', '-o', 'pid=,args='], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  return list.split('\n').filter((line) => line.includes(data_dir));
}

describe('npm start', function () {
  // Loading the shop takes a minute where the machine has other work.
  this.timeout(600_000);
  let data_dir: string;
  let squatters: Server[];

  before(async () => {
    data_dir = mkdtempSync(join(tmpdir(), 'customer-service-start-'));
    squatters = [3000, 3001, 3002].map((port) => createServer().listen(port, '127.0.0.1'));
    // Taken by somebody else already is just as good.
    const settled = (server: Server) =>
      new Promise<void>((resolve) => server.once('error', () => resolve()).once('listening', resolve));
    await Promise.all(squatters.map(settled));
  });
  after(async () => {
    // What a failed test left behind.
    for (const line of processesOf(data_dir)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    for (const squatter of squatters) squatter.close();
    rmSync(data_dir, { recursive: true, force: true });
  });

  const ended = ({ child }: Running) =>
    until(() => child.exitCode ?? undefined, { what: 'the end of npm start', timeout_ms: 30_000 });
  const nothingIsLeft = () =>
    until(() => processesOf(data_dir).length === 0, { what: 'the end of everything npm start had started' });

  it('loads the demo shop, prints a curl that earns points, and leaves nothing behind on SIGTERM', async () => {
    const running = npmStart(data_dir);
    await ready(running);
    expect(running.output()).to.match(
      /793 customers, 5009 orders, \d+ points: every customer agrees with the independent fold/,
    );
    const ops = /Ops +(http\S+)/.exec(running.output())?.[1] ?? '';
    expect(await (await fetch(ops)).text()).to.include('Sign in');
    const metrics = await fetch(new URL('/metrics', ops));
    expect(await metrics.text()).to.include('customer_service_build_info{service="api"');

    const curl = /Earn points\n([\s\S]*?)\n\n/.exec(running.output())?.[1] ?? '';
    const earned = JSON.parse(execFileSync('bash', ['-c', curl], { encoding: 'utf8' }));
    expect(earned).to.include({ type: 'earn', status: 'applied', amount_minor: 12_345 });

    const audit = execFileSync('npm', ['run', 'audit'], { cwd: ROOT, env: { ...process.env, DATA_DIR: data_dir } });
    expect(audit.toString()).to.include('794 accounts audited, and the figures of analytics: 0 differences');

    // Without an address it is the service that runs here.
    const data = ['run', '--silent', 'data', '--', 'export', 'customers'];
    const exported = execFileSync('npm', data, { cwd: ROOT, env: { ...process.env, DATA_DIR: data_dir } });
    expect(exported.toString().trimEnd().split('\n')).to.have.length(1 + 794);

    running.child.kill('SIGTERM');
    await ended(running);
    expect(running.child.exitCode).to.equal(0);
    await nothingIsLeft();
  });

  it('keeps the data, does not load the shop again, and leaves nothing behind after kill -9', async () => {
    const running = npmStart(data_dir);
    await ready(running);
    expect(running.output()).not.to.include('Loading the demo shop');
    const { url, tokens } = JSON.parse(readFileSync(join(data_dir, 'running.json'), 'utf8'));
    const headers = { Authorization: `Bearer ${tokens.admin}` };
    const summary = await (await fetch(`${url}/customers/analytics/summary`, { headers })).json();
    expect((summary as { customers: { total: number } }).customers.total).to.equal(794);

    running.child.kill('SIGKILL');
    await nothingIsLeft();
    await until(
      () =>
        fetch(`${url}/health`).then(
          () => false,
          () => true,
        ),
      { what: 'the end of the API' },
    );

    const again = npmStart(data_dir, '--empty');
    await ready(again);
    again.child.kill('SIGINT');
    await ended(again);
    await nothingIsLeft();
  });
});
