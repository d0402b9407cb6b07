// Chaos from the command line: `npm run chaos -- --seed 7 --seconds 60`, several runs with `--runs`. Prints what came of
// each run, and the figures beside the goals of docs/reliability.md; a run that broke a promise prints what was broken and
// the command that makes it again.

import { parseArgs } from 'node:util';
import { type ChaosResult, runChaos } from './rig/chaos.ts';
import { type Spread, spreadOf } from './rig/oracle.ts';
import { startServers } from './rig/rig.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seconds: { type: 'string', default: '60' },
    runs: { type: 'string', default: '1' },
    /** As many as leave the machine some air: what is measured is the faults, and not a queue for two processors. */
    tills: { type: 'string', default: '8' },
    /** Other than `all`: `none` and `no-redis` for how quick the service is then, or a regular expression of their names. */
    faults: { type: 'string', default: 'all' },
    /** Up to so many ms between one fault and the next. */
    calm: { type: 'string' },
    /** `redis` or `postgresql`; if not given, every fourth seed has its queue in PostgreSQL. */
    queue: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const [first, seconds, runs, tills] = [values.seed, values.seconds, values.runs, values.tills].map(Number) as [
  ...[number, number, number, number],
];
const { faults, queue } = values;
const calm_ms = values.calm === undefined ? undefined : Number(values.calm);
if (queue !== undefined && queue !== 'redis' && queue !== 'postgresql')
  throw new Error(`there is no queue in ${queue}`);

// Asked to end, it ends as always: nothing that it started or mounted stays.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));

const results: ChaosResult[] = [];
let failed = 0;
for (let seed = first; seed < first + runs; seed++) {
  const servers = await startServers({ small_disk: true });
  const { no_small_disk } = servers.postgres;
  if (seed === first && no_small_disk !== null) console.log(`LEFT OUT: the full disk, because ${no_small_disk}`);
  if (seed === first && servers.redis === null)
    console.log('LEFT OUT: the faults of Redis, because there is none here');
  try {
    const result = await runChaos(servers, {
      ...{ seed, seconds, tills, faults, calm_ms, queue: queue ?? (seed % 4 === 0 ? 'postgresql' : 'redis') },
      ...(values.verbose && { onFault: (name, at) => console.log(`${(at / 1_000).toFixed(1)} s: ${name}`) }),
    });
    results.push(result);
    print(result);
    if (Object.keys(result.broken).length > 0) failed += 1;
  } catch (error) {
    // The rig itself gave up. The run has failed; the next one is another's.
    failed += 1;
    console.log(`seed ${seed}: broken off`, error);
  } finally {
    await servers.stop();
  }
}
if (runs > 1) printTotals();
printGoals();
process.exit(failed === 0 ? 0 : 1);

function print(result: ChaosResult): void {
  const { seed, queue, accepted, requests, replays, faults, lost, doubled, negative, inversions } = result;
  const { apply_ms, answer_ms, longest_apply_ms, rss } = result;
  console.log(
    `seed ${seed}, queue in ${queue}: ${accepted} accepted, ${requests} requests, ${replays} replays, ` +
      `${count(faults)} faults · ` +
      `lost ${lost}, doubled ${doubled}, negative ${negative}, inversions ${inversions} · ` +
      `applied p50 ${apply_ms.p50}, p99 ${apply_ms.p99}, max ${apply_ms.max} ms · ` +
      `answered p50 ${answer_ms.p50}, p99 ${answer_ms.p99} ms · ` +
      `longest SQL transaction ${longest_apply_ms} ms · RSS ${Math.round(rss / 1e6)} MB`,
  );
  if (values.verbose) {
    for (const { fault, at_s, count, max_ms } of result.late.slice(0, 8))
      console.log(`  later than 1 s: ${count}, up to ${max_ms} ms, after ${fault} at ${at_s.toFixed(1)} s`);
  }
  for (const [invariant, texts] of Object.entries(result.broken)) {
    for (const text of texts) console.log(`  BROKEN ${invariant}: ${text}`);
  }
  if (Object.keys(result.broken).length > 0) {
    console.log(`  again: npm run chaos -- --seed ${seed} --seconds ${seconds} --queue ${queue}`);
  }
}

function count(faults: Record<string, number>): number {
  return Object.values(faults).reduce((sum, each) => sum + each, 0);
}

function sum(of: (result: ChaosResult) => number): number {
  return results.reduce((total, result) => total + of(result), 0);
}

function max(of: (result: ChaosResult) => number): number {
  return Math.max(...results.map(of));
}

/** What broke a promise, whatever it is. */
function violations({ lost, doubled, negative, inversions, broken }: ChaosResult): number {
  return lost + doubled + negative + inversions + Object.keys(broken).length;
}

function waited(): Spread {
  return spreadOf(results.flatMap(({ waits }) => waits.map(({ ms }) => ms)));
}

function printTotals(): void {
  const { p50, p99, max: longest } = waited();
  console.log(
    `${runs} runs, ${failed} failed: ${sum(({ accepted }) => accepted)} accepted, ` +
      `${sum(({ faults }) => count(faults))} faults, ` +
      `applied p50 ${p50}, p99 ${p99}, max ${longest} ms, ` +
      `p99 of the worst run ${max(({ apply_ms }) => apply_ms.p99)} ms`,
  );
  const kinds: Record<string, number> = {};
  for (const { faults } of results)
    for (const [name, times] of Object.entries(faults)) kinds[name] = (kinds[name] ?? 0) + times;
  for (const [name, times] of Object.entries(kinds).sort()) console.log(`  ${times} × ${name}`);
}

/** Each figure that a goal is for beside it. Those of how much there was are of a minute: the release run is an hour. */
function printGoals(): void {
  const p99 = { all: 1_000, none: 150, 'no-redis': 1_500 }[faults];
  const minutes = (runs * Number(seconds)) / 60;
  const goals: [what: string, figure: number, reached: boolean][] = [];
  const most = (what: string, figure: number, goal: number) =>
    goals.push([`${what} ≤ ${goal}`, figure, figure <= goal]);
  const least = (what: string, figure: number, goal: number) =>
    goals.push([`${what} ≥ ${goal}`, figure, figure >= goal]);
  most('lost, doubled, negative, inversions, broken promises', sum(violations), 0);
  if (faults === 'all') least('faults a minute', sum((result) => count(result.faults)) / minutes, 35);
  if (faults === 'all') least('accepted a minute', sum(({ accepted }) => accepted) / minutes, 17_000);
  if (p99 !== undefined) most('applied p99, ms', waited().p99, p99);
  // A transaction whose network is slowed down takes as long as that.
  const longest = max(({ longest_apply_ms }) => longest_apply_ms);
  if (faults !== 'all') most('longest SQL transaction, ms', longest, 150);
  most('memory of a process, MB', max(({ rss }) => rss) / 1e6, 300);
  for (const [what, figure, reached] of goals)
    console.log(`  ${reached ? 'reached' : 'SHORT  '}  ${what}: ${Math.round(figure)}`);
}
