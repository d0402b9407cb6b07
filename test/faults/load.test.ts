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
  type Receipt,
  ring,
  sellMany,
  shareServers,
  useBench,
} from './bench.ts';
import { promised } from './rig/history.ts';
import { spreadOf } from './rig/oracle.ts';
import type { Member } from './rig/supervisor.ts';

shareServers();

const MAX_IN_FLIGHT = 32;
/** Tills that never rest, for each request that the process takes at once. */
const OVERLOAD = Number(process.env.OVERLOAD ?? 6);
const MEMORY = 300 * 1024 * 1024;

describe('overload', () => {
  const bench = useBench({ apis: 1, workers: 1, environment: { MAX_IN_FLIGHT: String(MAX_IN_FLIGHT) } });
  afterEach(() => keepsItsPromises(bench));

  it('F40: several times what a process takes: the rest is refused at once, memory stays, and it is over with the load', async () => {
    const { rig } = bench;
    const [api] = rig.apis as [Member];
    await waitsOf(api);
    const answers: Answer[] = [];
    let memory = 0;
    const till = async (index: number) => {
      const { post, close } = await openTill(rig.urls[0] as string);
      for (let times = 0; times < 10; times += 1) {
        const receipt = ring(bench);
        const answer = await post(requestOf(receipt));
        if (answer.status === 202) promised(bench.history, receipt.sent, answer.body);
        answers.push(answer);
        if (index === 0) memory = Math.max(memory, await rig.memory());
      }
      close();
    };
    await Promise.all(Array.from({ length: OVERLOAD * MAX_IN_FLIGHT }, (_, index) => till(index)));
    const waits = await waitsOf(api);
    const refused = answers.filter(({ status }) => status !== 202);
    for (const answer of refused) isRetryable(answer);
    expect(refused.map(({ body }) => body.code)).to.include('overloaded');
    expect(answers.length - refused.length, 'served meanwhile').to.be.above(MAX_IN_FLIGHT);
    expect(memory).to.be.below(MEMORY);
    // What the process itself says that a refusal took, from when it had read the request.
    const lines = rig.log.tail.filter((line) => line.includes('"status":503')).map((line) => JSON.parse(line));
    const began = performance.now();
    await until(async () => (await attempt(bench, ring(bench), 0)).status === 202);
    const figures = {
      ...{ requests: answers.length, refused: refused.length },
      ...figuresOf('refusal', refused),
      ...(lines.length > 0 && { refusal_within_process_ms: median(lines.map(({ duration_ms }) => duration_ms)) }),
      // And for how long a request may have lain there before it was read.
      ...{ event_loop_p50_ms: waits.p50, event_loop_p99_ms: waits.p99, event_loop_max_ms: waits.max },
      ...figuresOf(
        'accepted',
        answers.filter(({ status }) => status === 202),
      ),
      ...{ recovery_ms: performance.now() - began, rss_mb: memory / 1024 / 1024 },
    };
    measured('F40', figures, { refusal_max_ms: 100, event_loop_max_ms: 100, recovery_ms: 5_000, rss_mb: 300 });
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

/** A till that costs this process next to nothing, or its own work would be measured: bytes on a connection of its own. */
async function openTill(url: string): Promise<{ post(request: string): Promise<Answer>; close(): void }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.setEncoding('utf8');
  const post = (request: string) =>
    new Promise<Answer>((resolve, reject) => {
      const began = performance.now();
      let heard = '';
      const listen = (text: string) => {
        heard += text;
        const answer = answerIn(heard);
        if (answer === undefined) return;
        socket.off('data', listen).off('error', reject);
        resolve({ ...answer, ms: performance.now() - began });
      };
      socket.on('data', listen).once('error', reject).write(request);
    });
  return { post, close: () => socket.destroy() };
}

function requestOf({ sale }: Receipt): string {
  const { type, ...body } = sale.movement;
  const json = JSON.stringify(body);
  return [
    `POST /customers/${sale.customer}/loyalty/${type} HTTP/1.1`,
    ...['Host: till', TOKEN, 'Content-Type: application/json', `Content-Length: ${json.length}`],
    ...[`Idempotency-Key: ${sale.key}`, 'Prefer: wait=0', '', json],
  ].join('\r\n');
}

const TOKEN = `Authorization: Bearer ${tokenFor('service')}`;

/** @returns undefined until all of it is there */
function answerIn(heard: string): Omit<Answer, 'ms'> | undefined {
  const end = heard.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)/im.exec(heard.slice(0, end))?.[1];
  const text = heard.slice(end + 4);
  if (end === -1 || length === undefined || Buffer.byteLength(text) < Number(length)) return undefined;
  const [first = '', ...lines] = heard.slice(0, end).split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]));
  return { status: Number(first.split(' ')[1]), headers, body: JSON.parse(text) };
}

const figuresOf = (name: string, answers: readonly Answer[]) => {
  const { p50, p99, max } = spreadOf(answers.map(({ ms }) => ms));
  return { [`${name}_p50_ms`]: p50, [`${name}_p99_ms`]: p99, [`${name}_max_ms`]: max };
};

/** How long the process had something else to do whenever something came, since it was asked the last time. */
async function waitsOf(api: Member): Promise<{ p50: number; p99: number; max: number }> {
  const text = await (await fetch(`${api.opsUrl()}/metrics`)).text();
  const ms = (name: string) =>
    1_000 * Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds.* (\\S+)$`, 'm').exec(text)?.[1]);
  return { p50: ms('p50'), p99: ms('p99'), max: ms('max') };
}
