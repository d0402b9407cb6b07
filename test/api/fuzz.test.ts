// Requests that are almost right, on every route, as every role: whatever comes, the answer is quick, never a 5xx, and
// one that the published document describes. 2,000 in the suite; `npm run fuzz` sends 20,000.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { toJsonSchema } from '../../apps/api/src/json-schema.ts';
import type { Route } from '../../apps/api/src/route.ts';
import { routes } from '../../apps/api/src/routes.ts';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { likely, ODD, type Schema, TEXTS } from '../helpers/near-valid.ts';
import { type RequestOptions, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, post } from '../helpers/shop.ts';

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 2_000);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 20;
/** An answer that takes longer is a hang; 20 are under way at once on a machine that is also running the rest. */
const LIMIT_MS = 5_000;

interface Request extends RequestOptions {
  method: string;
  path: string;
}

/** Header values are bytes; fetch refuses to send others. */
const HEADER = fc.constantFrom(
  ...TEXTS.filter((text) => /^[\x20-\x7e]*$/.test(text)),
  'wait=1',
  'wait=x',
  '"1.0.0"',
  '*',
  'W/"1"',
);

function requests(route: Route, everybody: string[]): fc.Arbitrary<Request> {
  // Erasure and merge have customers of their own to work on: of the others something must be left to try.
  const ends = route.method === 'delete' || route.path.endsWith('/merge');
  const ids = ends ? everybody.slice(3, 5) : everybody;
  const segment = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...ids) },
    { weight: 1, arbitrary: fc.constantFrom(...TEXTS).map(encodeURIComponent) },
  );
  const params = [...route.path.matchAll(/:\w+/g)].map(() => segment);
  const path = fc.tuple(...params).map((values) => {
    const rest = values.values();
    return route.path.replace(/:\w+/g, () => String(rest.next().value ?? ''));
  });
  const body = route.body === undefined ? fc.constant(undefined) : bodies(toJsonSchema(route.body) as Schema, ids);
  const headers = fc.record(
    Object.fromEntries((route.headers ?? []).map((name) => [name, HEADER])) as Record<string, fc.Arbitrary<string>>,
  );
  const role = fc.constantFrom('admin', 'manager', 'staff', 'service', 'ops', 'customer', null);
  return fc
    .record({
      path,
      query: queries(route),
      body,
      headers,
      role: fc.oneof({ weight: 3, arbitrary: fc.constant('admin') }, role),
    })
    .map(
      (parts) =>
        ({
          method: route.method.toUpperCase(),
          path: `${parts.path}${parts.query}`,
          role: parts.role,
          ...(parts.role === 'customer' && { sub: ids[0] }),
          ...(parts.body !== undefined && { body: parts.body }),
          headers: { 'Idempotency-Key': randomUUID(), ...parts.headers },
        }) as Request,
    );
}

function bodies(schema: Schema, ids: string[]): fc.Arbitrary<object | string> {
  const addressed = (text: string) => text.replaceAll('0197f0a4-5b6c-7d8e-9f00-112233445566', ids[1] as string);
  const near = likely(schema).map((value) => addressed(JSON.stringify(value) ?? 'null'));
  const broken = fc.tuple(near, fc.nat({ max: 200 })).map(([text, at]) => text.slice(0, at));
  return fc.oneof(
    { weight: 20, arbitrary: near },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: fc.string() },
  );
}

function queries({ query }: Route): fc.Arbitrary<string> {
  if (query === undefined) return fc.constantFrom('', '', '', '?colour=red');
  const { properties = {} } = toJsonSchema(query) as Schema;
  const pairs = Object.entries(properties).map(([name, schema]) => {
    const value = fc.oneof({ weight: 5, arbitrary: likely(schema as Schema) }, { weight: 1, arbitrary: ODD });
    return fc.oneof(
      { weight: 1, arbitrary: value.map((given) => `${name}=${encodeURIComponent(textOf(given))}`) },
      { weight: 5, arbitrary: fc.constant('') },
    );
  });
  return fc.tuple(...pairs).map((given) => {
    const text = given.filter((pair) => pair !== '').join('&');
    return text === '' ? '' : `?${text}`;
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

describe('fuzzing', () => {
  let service: Service;
  before(async () => {
    service = await startService({ workers: 1 });
  });
  after(() => service.stop());

  it(`of ${REQUESTS} requests finds no 5xx, no hang and no answer that breaks the contract`, async function () {
    this.timeout(600_000);
    const ids = await Promise.all(Array.from({ length: 5 }, () => createCustomer(service)));
    const { body } = await earn(service, ids[0] as string, { points: 1_000 });
    ids.push(body.id, (await post(service, `/customers/${ids[0]}/loyalty/holds`, { points: 100 })).body.id);
    const adjustment = { direction: 'credit', points: 5_001, reason_code: 'other' };
    const asked = await post(service, `/customers/${ids[1]}/loyalty/adjustments`, adjustment, { role: 'manager' });
    ids.push(asked.body.id);
    const arbitrary = fc.oneof(...routes.map((route) => requests(route, ids)));
    const queue = fc.sample(arbitrary, { numRuns: REQUESTS, seed: SEED });
    const byStatus = new Map<number, number>();

    const turns = queue.values();
    const send = async () => {
      for (const request of turns) {
        const status = await answerTo(service, request);
        byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
    const counts = [...byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    console.log(`    seed ${SEED}: ${counts.join(', ')}`);

    expect((await service.request('GET', '/health')).status).to.equal(200);
    await drained(service);
    await balancesAgree(service);
  });
});

async function answerTo(service: Service, request: Request): Promise<number> {
  const { method, path, ...options } = request;
  const started = performance.now();
  const told = `seed ${SEED}: ${JSON.stringify(request)}`;
  const ask = () =>
    service.request(method, path, options).catch((error) => {
      throw new Error(`${told}: ${error.message}`);
    });
  let answer = await ask();
  // On a machine with too much to do a second goes by without a connection: who is told so comes again.
  if (answer.status === 503) answer = await ask();
  if (answer.status >= 500) throw new Error(`${told}: ${answer.status} ${JSON.stringify(answer.body)}`);
  if (performance.now() - started > LIMIT_MS) throw new Error(`${told}: took too long`);
  return answer.status;
}
