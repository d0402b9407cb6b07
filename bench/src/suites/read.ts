// read: what is asked of the service, kind by kind, over HTTP: requests a second with 16 under way, and how long one takes
// that is alone.

import { openGrower, openGrown } from '../grown.ts';
import { findPlaces, type Places, READS, type Read } from '../reads.ts';
import { type Contender, quantile, runRounds } from '../rounds.ts';
import type { Suite } from '../suite.ts';

const UNDER_WAY = 16;

export const read: Suite = {
  name: 'read',
  about: 'customer, lists, filters, search, history and summary over HTTP',
  needs: 'postgresql',
  run: async (bench) => {
    const { sized } = bench;
    const size = { customers: sized(2_000, 100_000), lines: sized(10_000, 1_000_000) };
    const server_url = await openGrower(bench);
    const shop = await openGrown(bench, { server_url, size, active: size.customers / 2 });
    const turn = { places: await findPlaces(shop), turn_ms: sized(100, 1_000) };
    return runRounds(
      READS.flatMap((kind) => [throughput(kind, turn), alone(kind, turn)]),
      bench,
    );
  },
};

interface Turn {
  places: Places;
  /** How long it takes. */
  turn_ms: number;
}

function throughput(kind: Read, turn: Turn): Contender {
  return {
    ...{ name: kind.name, unit: 'requests/s' },
    turn: async () => {
      const began = performance.now();
      const answered = await Promise.all(Array.from({ length: UNDER_WAY }, (_, first) => readFor(kind, turn, first)));
      return (answered.flat().length / (performance.now() - began)) * 1_000;
    },
  };
}

function alone(kind: Read, turn: Turn): Contender {
  return {
    ...{ name: `${kind.name}, alone`, unit: 'ms, p95' },
    turn: async () => quantile(await readFor(kind, turn, 0), 0.95),
  };
}

/** One request after the other. @returns how long each took, in milliseconds */
async function readFor(kind: Read, { places, turn_ms }: Turn, first: number): Promise<number[]> {
  const times: number[] = [];
  for (const until = performance.now() + turn_ms; performance.now() < until; ) {
    const began = performance.now();
    await places.shop.get(kind.path(places, first + times.length * UNDER_WAY));
    times.push(performance.now() - began);
  }
  return times;
}
