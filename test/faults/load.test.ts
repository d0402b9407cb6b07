// More than can be done, and clients that dawdle: rows F40 and F41 of the table in docs/reliability.md.

import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import {
  type Answer,
  attempt,
  isRetryable,
  keepsItsPromises,
  measured,
  median,
  ring,
  sellMany,
  shareServers,
  useBench,
} from './bench.ts';

shareServers();

const MAX_IN_FLIGHT = 32;
const MEMORY = 300 * 1024 * 1024;

describe('overload', () => {
  const bench = useBench({ apis: 1, workers: 1, environment: { MAX_IN_FLIGHT: String(MAX_IN_FLIGHT) } });
  afterEach(() => keepsItsPromises(bench));

  it('F40: several times what a process takes: the rest is refused at once, memory stays, and it is over with the load', async () => {
    const answers: Answer[] = [];
    let memory = 0;
    const till = async (index: number) => {
      for (let times = 0; times < 10; times += 1) {
        const answer = await attempt(bench, ring(bench), 0);
        answers.push(answer);
        if (index === 0) memory = Math.max(memory, await bench.rig.memory());
      }
    };
    await Promise.all(Array.from({ length: 6 * MAX_IN_FLIGHT }, (_, index) => till(index)));
    const refused = answers.filter(({ status }) => status !== 202);
    for (const answer of refused) isRetryable(answer);
    expect(refused.map(({ body }) => body.code)).to.include('overloaded');
    expect(answers.length - refused.length, 'served meanwhile').to.be.above(MAX_IN_FLIGHT);
    expect(memory).to.be.below(MEMORY);
    // What the process itself says that a refusal took, without this machine's other half, which is all those clients.
    const lines = bench.rig.log.tail.filter((line) => line.includes('"status":503')).map((line) => JSON.parse(line));
    const began = performance.now();
    await until(async () => (await attempt(bench, ring(bench), 0)).status === 202);
    measured('F40', {
      requests: answers.length,
      refused: refused.length,
      refusal_ms: median(refused.map(({ ms }) => ms)),
      ...(lines.length > 0 && { refusal_within_process_ms: median(lines.map(({ duration_ms }) => duration_ms)) }),
      accepted_ms: median(answers.filter(({ status }) => status === 202).map(({ ms }) => ms)),
      recovery_ms: performance.now() - began,
      rss_mb: memory / 1024 / 1024,
    });
  });

  it('F41: 500 clients that never finish their headers or bodies are shown out, and the others served meanwhile', async () => {
    const head = `POST /customers/${bench.customers[0]}/loyalty/earn HTTP/1.1\r\nHost: till\r\n`;
    const token = `Authorization: Bearer ${tokenFor('service')}\r\nIdempotency-Key: slow\r\n`;
    const body = `${head}${token}Content-Type: application/json\r\nContent-Length: 64\r\n\r\n{`;
    const began = performance.now();
    const slow = await Promise.all(Array.from({ length: 500 }, (_, index) => dawdle(index % 20 === 0 ? body : head)));
    const answers = await sellMany(bench, 20);
    const ends = await Promise.all(slow.map(({ ended }) => ended));
    const took = Math.max(...ends.map(({ at }) => at)) - began;
    expect(ends.filter(({ text }) => !/^HTTP\/1\.1 (408|503) /.test(text))).to.deep.equal([]);
    measured('F41', { closed_ms: took, honest_ms: median(answers.map(({ ms }) => ms)) });
    expect(took).to.be.below(30_000);
  });

  function dawdle(text: string): Promise<{ ended: Promise<{ at: number; text: string }> }> {
    const socket: Socket = connect(Number(new URL(bench.rig.urls[0] as string).port), '127.0.0.1');
    socket.on('error', () => {});
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString();
    });
    const ended = new Promise<{ at: number; text: string }>((resolve) => {
      socket.once('close', () => resolve({ at: performance.now(), text: heard }));
    });
    return new Promise((resolve) => {
      socket.once('connect', () => socket.write(text, () => resolve({ ended })));
    });
  }
});
