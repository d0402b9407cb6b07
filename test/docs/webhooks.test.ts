// The commands of docs/webhooks.md, run as they stand, with the receiver of the examples.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RETRY_S } from '@customer-service/domain';
import { expect } from 'chai';
import { freePort } from '../helpers/redis.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';

const TEXT = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8');

describe('docs/webhooks.md', () => {
  let service: Service;
  before(async () => {
    service = await startService({ workers: 1, environment: { WEBHOOKS_ALLOW_PRIVATE: '1' } });
  });
  after(() => service.stop());

  it('has commands that lead from nothing to events in a folder', async function () {
    this.timeout(120_000);
    const inbox = mkdtempSync(join(tmpdir(), 'customer-service-webhooks-'));
    const scripts = [...TEXT.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, script]) => script);
    const child = spawn('bash', ['-euc', `${scripts.join('')}\nwait`], {
      env: {
        ...{ PATH: process.env.PATH, URL: service.url, TOKEN: tokenFor('admin') },
        ...{ PORT: String(await freePort()), INBOX: inbox },
      },
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      detached: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    try {
      await until(() => /"previous_secret_until"/.test(output), {
        what: 'the last answer',
        timeout_ms: 60_000,
      });
      await until(() => /customer\.created \S+ has come before/.test(output), { what: 'a replay' });
    } finally {
      process.kill(-(child.pid as number), 'SIGKILL');
    }
    expect(output)
      .to.include('"delivered":true')
      .and.match(/webhook\.test [0-9a-f-]{36}\n/);
    const files = readdirSync(inbox).map((name) => JSON.parse(readFileSync(join(inbox, name), 'utf8')));
    expect(files.map(({ type }) => type)).to.have.members(['webhook.test', 'customer.created']);
    rmSync(inbox, { recursive: true });
  });

  it('says the pauses that the table has', () => {
    const said = /sent again after ([\s\S]*?)and then every 12 h/.exec(TEXT)?.[1] ?? '';
    const units: Record<string, number> = { s: 1, min: 60, h: 3_600 };
    const seconds = [...said.matchAll(/(\d+) (s|min|h)\b/g)].map(
      ([, count, unit = '']) => Number(count) * (units[unit] ?? 0),
    );
    expect([...seconds, ...Array(5).fill(43_200)]).to.deep.equal(RETRY_S);
    expect(TEXT).to.include(`${RETRY_S.length + 1} times in all`);
  });
});
