// growth: what a hundred times the customers and ten times the ledger change. Two shops side by side on one server: each
// request goes to both in turn, and each round applies the same lot to both.

import { foldAnalytics, openDatabase } from '@customer-service/store';
import { acceptLot } from '../backlog.ts';
import { startServing } from '../child.ts';
import { type GrownShop, openGrower, openGrown, type Size } from '../grown.ts';
import { checkBooks, OUR_BOOKS } from '../invariants.ts';
import { findPlaces, isSpeed, type Places, READS, type Read } from '../reads.ts';
import { type Contender, quantile, runRounds } from '../rounds.ts';
import type { Bench, Measurement, Suite } from '../suite.ts';

interface Sizes {
  small: Size;
  large: Size;
  /** Requests of each kind and round. */
  requests: number;
  /** Events of a turn of applying, and the customers they are of: as many in both shops. */
  count: number;
  active: number;
}

const sizes = ({ sized }: Bench): Sizes => ({
  small: { customers: sized(2_000, 10_000), lines: sized(10_000, 1_000_000) },
  large: { customers: sized(20_000, 1_000_000), lines: sized(100_000, 10_000_000) },
  ...{ requests: sized(15, 60), count: sized(4_000, 20_000), active: sized(1_800, 9_000) },
});

export const growth: Suite = {
  name: 'growth',
  about: '10 k → 1 M customers and 1 M → 10 M ledger lines: what reading and applying cost then',
  needs: 'postgresql',
  run: async (bench) => {
    const { small, large, requests, count, active } = sizes(bench);
    const server_url = await openGrower(bench);
    const shops: GrownShop[] = [];
    for (const size of [small, large]) shops.push(await openGrown(bench, { server_url, size, active }));
    const places = await Promise.all(shops.map(findPlaces));
    const reads = await measureReads(bench, { places: places as [Places, Places], requests });
    return [...reads, ...(await measureApply(bench, shops, { count, active }))];
  },
};

const NAMES = ['small', 'large'] as const;
const UNHURRIED = 5;

async function measureReads(
  { rounds, say }: Bench,
  { places, requests }: { places: [Places, Places]; requests: number },
): Promise<Measurement[]> {
  const values = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const read of READS) {
      const times = await timesOf(read, { places, requests, first: round * requests });
      for (const [which, name] of NAMES.entries()) {
        const label = `${read.name}, ${name}`;
        const taken = times[which] as number[];
        const figure = isSpeed(read) ? 1_000 / mean(taken) : quantile(taken, 0.95);
        values.set(label, [...(values.get(label) ?? []), figure]);
      }
    }
    say(`reading, round ${round + 1} of ${rounds}`);
  }
  const labels = READS.flatMap((read) => NAMES.toReversed().map((name) => [read, `${read.name}, ${name}`] as const));
  return labels.map(([read, name]) => ({
    ...{ name, unit: isSpeed(read) ? 'requests/s' : 'ms, p95', values: values.get(name) as number[] },
  }));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function timesOf(
  read: Read,
  { places, requests, first }: { places: [Places, Places]; requests: number; first: number },
): Promise<number[][]> {
  const times: number[][] = [[], []];
  for (let turn = -UNHURRIED; turn < requests; turn += 1) {
    for (const which of turn % 2 === 0 ? [0, 1] : [1, 0]) {
      const at = places[which] as Places;
      const path = read.path(at, Math.abs(first + turn));
      const began = performance.now();
      await at.shop.get(path);
      if (turn >= 0) times[which]?.push(performance.now() - began);
    }
  }
  return times;
}

/** The same apply as the suite of that name calls without a queue: what PostgreSQL has to do is what may grow. */
async function measureApply(
  bench: Bench,
  shops: readonly GrownShop[],
  lot: { count: number; active: number },
): Promise<Measurement[]> {
  const contenders: Contender[] = [];
  for (const [which, shop] of shops.entries()) {
    const program = await startServing(bench.services, 'contenders/no-queue.ts', { DATABASE_URL: shop.url });
    const name = `apply, ${NAMES[which]}`;
    const size = { count: lot.count, customers: shop.ids.length };
    contenders.push({
      ...{ name, unit: 'events/s', note: `${lot.active} customers, without a queue` },
      turn: async (round) => {
        await fold(shop.url);
        await acceptLot(shop, { ...size, lot: `${name} ${round} ${shop.posted}` });
        await shop.db.query('checkpoint');
        const took_ms = await program.ask<number>('apply', { calls: callsOf(shop) });
        return (lot.count / took_ms) * 1_000;
      },
      check: () => checkBooks(shop.db, name, { books: booksOfActive, posted: shop.posted }),
    });
  }
  const measurements = await runRounds(contenders, bench);
  for (const shop of shops) await fold(shop.url);
  return measurements.toReversed();
}

/** Customers a call, whose events are within what one SQL transaction decides. */
const AT_ONCE = 500;

function callsOf({ ids }: GrownShop): string[][] {
  const calls: string[][] = [];
  for (let first = 0; first < ids.length; first += AT_ONCE) calls.push(ids.slice(first, first + AT_ONCE));
  return calls;
}

const booksOfActive = {
  ...OUR_BOOKS,
  balances: `${OUR_BOOKS.balances} where customer_id in (select customer_id from bench_active)`,
  lines: `${OUR_BOOKS.lines} and customer_id in (select customer_id from bench_active)`,
};

/** What the worker does all the time: what analytics has to read must not be of the turn before. */
async function fold(url: string): Promise<void> {
  const db = openDatabase({ url, pool_max: 1, application_name: 'bench', statement_timeout_ms: 0 });
  while (await foldAnalytics(db));
  await db.destroy();
}
