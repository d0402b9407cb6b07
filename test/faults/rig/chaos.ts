// One run of chaos: tills post while faults come one after the other, chosen by the seed; then everything heals, and the
// oracle is asked.

import { randomUUID } from 'node:crypto';
import { seeded } from '../../helpers/random.ts';
import { tokenFor } from '../../helpers/service.ts';
import { until } from '../../helpers/until.ts';
import { type Fault, faultsFor, noRedis } from './faults.ts';
import { isPromised } from './history.ts';
import { judge, type Spread, spreadOf, type Verdict, type Wait } from './oracle.ts';
import { type Rig, type RigOptions, type Servers, startRig } from './rig.ts';
import { startTills } from './tills.ts';

export interface ChaosOptions {
  seed: number;
  seconds: number;
  /** `all`; `none`; `no-redis`: there is none from the start to the end, and nothing else breaks; or a regular expression of their names. */
  faults?: string;
  /** Between the end of a fault and the next, at the most; if not given, what broke is mostly still coming back. */
  calm_ms?: number | undefined;
  tills?: number;
  /** How long what waits may take in the end. */
  drain_ms?: number;
  /** Called with each fault before it comes. */
  onFault?(name: string, at_ms: number): void;
}

export interface ChaosResult extends Verdict {
  seed: number;
  queue: Rig['queue'];
  requests: number;
  replays: number;
  promised: number;
  /** How often each came. */
  faults: Record<string, number>;
  /** What waited for longer than a second, by the last fault that began before it was accepted. */
  late: Late[];
  answer_ms: Spread;
  /** The longest SQL transaction of a worker. */
  longest_apply_ms: number;
  /** The largest resident memory of any process. */
  rss: number;
}

export interface Late {
  fault: string;
  /** When the fault began, in seconds from the start. */
  at_s: number;
  count: number;
  max_ms: number;
}

const CUSTOMERS = 40;
const CALM_MS = 300;
const LATE_MS = 1_000;

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
export async function chaosOn(rig: Rig, options: ChaosOptions): Promise<ChaosResult> {
  const { seed, seconds, tills = 8, calm_ms = CALM_MS, drain_ms, onFault } = options;
  const random = seeded(seed);
  const customers = await createCustomers(rig, CUSTOMERS);
  const { history, stop } = startTills(rig, { tills, customers, random });
  const happened: Happened[] = [];
  let rss = 0;
  const chance = random.fork('faults');
  const known = knownTo(rig, options);
  const began = performance.now();
  const ends = began + seconds * 1_000;
  try {
    while (performance.now() < ends) {
      const fault = known.length === 0 ? undefined : chance.one(known);
      if (fault !== undefined) {
        onFault?.(fault.name, performance.now() - began);
        happened.push({ name: fault.name, at: Date.now() });
        await fault.happen(rig, chance);
      }
      rss = Math.max(rss, await rig.memory());
      await calm(chance.next() * calm_ms);
    }
  } catch (error) {
    // Whatever comes of healing, this came first.
    await rig.heal().catch(() => {});
    await stop();
    throw error;
  }
  await rig.heal();
  await stop();
  const verdict = await judge(rig, history, drain_ms === undefined ? {} : { drain_ms });
  const faults: Record<string, number> = {};
  for (const { name } of happened) faults[name] = (faults[name] ?? 0) + 1;
  const { queue, log } = rig;
  return {
    ...{ ...verdict, seed, queue, faults, rss, late: lateOf(verdict.waits, happened) },
    ...{ requests: history.requests, replays: history.replays, promised: history.sent.filter(isPromised).length },
    ...{ answer_ms: spreadOf(history.latencies), longest_apply_ms: log.longest_apply_ms },
  };
}

function knownTo(rig: Rig, { faults = 'all', seconds }: ChaosOptions): Fault[] {
  if (faults === 'none') return [];
  if (faults === 'no-redis') return [noRedis(seconds * 1_000)];
  const wanted = faults === 'all' ? /./ : new RegExp(faults);
  const known = faultsFor(rig).filter(({ name }) => wanted.test(name));
  if (known.length === 0) throw new Error(`there is no fault whose name is like ${wanted}`);
  return known;
}

interface Happened {
  name: string;
  /** In ms since the epoch. */
  at: number;
}

function lateOf(waits: Wait[], happened: Happened[]): Late[] {
  const late = waits.filter(({ ms }) => ms > LATE_MS);
  return happened
    .map(({ name, at }, index): Late => {
      const next = happened[index + 1]?.at ?? Number.POSITIVE_INFINITY;
      const own = late.filter((wait) => wait.at >= at && wait.at < next).map(({ ms }) => ms);
      const at_s = (at - (happened[0] as Happened).at) / 1_000;
      return { fault: name, at_s, count: own.length, max_ms: Math.round(Math.max(0, ...own)) };
    })
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
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
