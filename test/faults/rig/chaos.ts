// One run of chaos: tills post while faults come one after the other, chosen by the seed; then everything heals, and the
// oracle is asked.

import { randomUUID } from 'node:crypto';
import { seeded } from '../../helpers/random.ts';
import { tokenFor } from '../../helpers/service.ts';
import { until } from '../../helpers/until.ts';
import { type Fault, faultsFor } from './faults.ts';
import { type History, isPromised } from './history.ts';
import { judge, type Verdict } from './oracle.ts';
import { type Rig, type RigOptions, type Servers, startRig } from './rig.ts';
import { startTills } from './tills.ts';

export interface ChaosOptions {
  seed: number;
  seconds: number;
  tills?: number;
  /** How long what waits may take in the end. */
  drain_ms?: number;
  /** Called with each fault before it comes. */
  onFault?(name: string, at_ms: number): void;
}

export interface ChaosResult extends Verdict {
  seed: number;
  requests: number;
  replays: number;
  promised: number;
  /** How often each came. */
  faults: Record<string, number>;
  answer_ms: { p50: number; p99: number };
  /** The largest resident memory of any process. */
  rss: number;
}

const CUSTOMERS = 40;
/** Between the end of a fault and the next, at the most. */
const CALM_MS = 900;

/** On a rig of its own. */
export async function runChaos(
  servers: Servers,
  options: ChaosOptions & Omit<RigOptions, 'seed'>,
): Promise<ChaosResult> {
  const rig = await startRig(servers, options);
  try {
    return await chaosOn(rig, options);
  } finally {
    await rig.stop();
  }
}

/** On a rig that runs, with customers of its own. */
export async function chaosOn(
  rig: Rig,
  { seed, seconds, tills = 16, drain_ms, onFault }: ChaosOptions,
): Promise<ChaosResult> {
  const random = seeded(seed);
  const customers = await createCustomers(rig, CUSTOMERS);
  const { history, stop } = startTills(rig, { tills, customers, random });
  const faults: Record<string, number> = {};
  let rss = 0;
  const chance = random.fork('faults');
  const known = faultsFor(rig);
  const began = performance.now();
  const ends = began + seconds * 1_000;
  try {
    while (performance.now() < ends) {
      const fault: Fault = chance.one(known);
      onFault?.(fault.name, performance.now() - began);
      faults[fault.name] = (faults[fault.name] ?? 0) + 1;
      await fault.happen(rig, chance);
      rss = Math.max(rss, ...rig.members.map((member) => member.memory()));
      await calm(chance.next() * CALM_MS);
    }
  } finally {
    await rig.heal();
    await stop();
  }
  const verdict = await judge(rig, history, drain_ms === undefined ? {} : { drain_ms });
  return { ...verdict, seed, ...figuresOf(history), faults, rss };
}

const calm = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whose names, addresses and numbers nothing but the customers' own table may know. */
export async function createCustomers(rig: Rig, count: number): Promise<string[]> {
  const token = tokenFor('admin', 'rig');
  const create = async (index: number) => {
    const mark = randomUUID().replace(/-/g, '').slice(0, 12);
    const phone = `+4179${String(rig.random.between(1_000_000, 9_999_999))}`;
    for (const word of [`Q${mark}`, `q${mark}@example.com`, phone]) rig.log.secrets.add(word);
    const response = await fetch(`${rig.urls[index % rig.urls.length]}/customers`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ first_name: `Q${mark}`, last_name: `Q${mark}`, email: `q${mark}@example.com`, phone }),
    });
    const body = (await response.json()) as { id: string };
    return response.status === 201 && body.id;
  };
  const ids: string[] = [];
  // One after the other, and again when a machine with much to do is late.
  while (ids.length < count) ids.push(await until(() => create(ids.length), { what: 'a customer' }));
  return ids;
}

function figuresOf({ sent, requests, replays, latencies }: History) {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { requests, replays, promised: sent.filter(isPromised).length, answer_ms: { p50: at(0.5), p99: at(0.99) } };
}
