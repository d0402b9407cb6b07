// Replays four years of a real shop against a running service, over HTTP as a till would, and checks every customer
// against an independent fold of the same file. It must not know the service's database, queue or rules: what it
// compares with comes from superstore-fold.ts, and what it compares from the service's own answers.

import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createClient } from '@customer-service/client';
import { SingleBar } from 'cli-progress';
import { findService } from './local.ts';
import type { Difference, ReplayReport } from './replay-report.ts';
import { reportOf } from './replay-report.ts';
import { replayReturns } from './replay-returns.ts';
import type { Run } from './replay-steps.ts';
import { createCustomers, postOrders, readOutcomes, waitUntilSettled } from './replay-steps.ts';
import { readSuperstore } from './superstore.ts';
import { foldSuperstore } from './superstore-fold.ts';

export interface ReplayProgress {
  phase: string;
  done: number;
  total: number;
}

export interface ReplayOptions {
  url: string;
  /** Must be allowed to create and read customers and to earn for them. */
  token: string;
  concurrency?: number;
  /** Every how many-th order is posted again under its key. */
  repeat_every?: number;
  report?: (progress: ReplayProgress) => void;
}

const settle_deadline_ms = 60_000;
const differences_shown = 20;

/**
 * Runs the whole replay. It can be repeated: orders already in are recognised by their keys and everything is checked
 * again. Throws when the service can't be reached, answers something unexpected, or leaves transactions pending for a
 * minute; an account that came out otherwise than expected is a difference in the report, not an error.
 */
export async function replaySuperstore(options: ReplayOptions): Promise<ReplayReport> {
  const started = performance.now();
  const { customers, lines, orders } = readSuperstore();
  const repeat_every = options.repeat_every ?? 10;
  const repeats = orders.filter((_, index) => (index + 1) % repeat_every === 0);
  const begin = phases(options);

  const ids = await createCustomers(begin('customers', customers.length), customers);
  const posting = performance.now();
  const posted = await postOrders(begin('orders', orders.length), orders, ids);
  const posting_seconds = (performance.now() - posting) / 1000;
  const reposted = await postOrders(begin('repeats', repeats.length), repeats, ids);
  await waitUntilSettled(begin('settling', ids.size), ids.values(), settle_deadline_ms);
  const outcomes = await readOutcomes(begin('checking', ids.size), ids, posted);

  return {
    ...reportOf({ orders, posted, repeats, reposted, outcomes, expected: foldSuperstore(lines) }),
    seconds: (performance.now() - started) / 1000,
    orders_per_second: orders.length / posting_seconds,
  };
}

function phases({ url, token, concurrency = 32, report }: ReplayOptions): (phase: string, total: number) => Run {
  const client = createClient({ url, token });
  return (phase, total) => {
    let done = 0;
    report?.({ phase, done, total });
    const advance = () => {
      done += 1;
      report?.({ phase, done, total });
    };
    return { client, concurrency, advance };
  };
}

function printReport(report: ReplayReport): void {
  const tiers = Object.entries(report.customers_by_tier).toSorted(([, a], [, b]) => b - a);
  const rows: [string, number][] = [
    ['customers', report.customers],
    ...tiers.map(([tier, count]): [string, number] => [`  ${tier}`, count]),
    ['orders', report.orders],
    ['  accepted now', report.accepted],
    ['  replayed, already in', report.replayed],
    ['  applied', report.applied],
    ['  rejected', report.rejected],
    ['orders posted again', report.repeated],
    ['  replayed', report.repeated_replayed],
    ['points', report.points],
    ['seconds', report.seconds],
    ['orders per second', report.orders_per_second],
  ];
  for (const [name, value] of rows) {
    const digits = name === 'seconds' ? 1 : 0;
    const text = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
    console.log(`${name.padEnd(24)}${text.padStart(12)}`);
  }
  printDifferences(report.differences);
}

function printDifferences(differences: Difference[]): void {
  if (differences.length === 0) {
    console.log('\nevery customer agrees with the independent fold');
    return;
  }
  console.log(`\n${differences.length} differences from the independent fold; the first ${differences_shown} at most:`);
  for (const { external_id, field, expected, actual } of differences.slice(0, differences_shown)) {
    console.log(`${external_id.padEnd(10)} ${field.padEnd(24)} expected ${expected}, actual ${actual}`);
  }
  console.log(
    'The fold assumes that these customers had the orders of this shop and nothing else: any other earn, redeem',
  );
  console.log('or adjustment of theirs shows up here too. Replay against a fresh database to rule that out.');
}

async function main(args: string[]): Promise<number> {
  const target = readTarget(args);
  if (typeof target === 'string') {
    console.error(`${target}\nUsage: npm run replay -- [--returns] [--url URL] [--token TOKEN] [--concurrency N]`);
    console.error('Without --url and --token it uses the service that `npm start` runs on this machine.');
    return 2;
  }
  const progress = progressBar();
  try {
    if (target.returns) return await mainWithReturns(target, progress);
    const report = await replaySuperstore({ ...target, report: progress.show });
    progress.stop();
    printReport(report);
    return report.differences.length === 0 ? 0 : 1;
  } catch (fault) {
    progress.stop();
    console.error(fault instanceof Error ? fault.message : fault);
    return 1;
  }
}

/** In the data's own time, with returns and points that lapse. */
async function mainWithReturns(
  { url, token, concurrency }: Target,
  progress: ReturnType<typeof progressBar>,
): Promise<number> {
  const client = createClient({ url, token });
  const { differences, ...figures } = await replayReturns({ client, concurrency, report: progress.show });
  progress.stop();
  for (const [name, value] of Object.entries(figures)) {
    console.log(`${name.replaceAll('_', ' ').padEnd(24)}${value.toLocaleString('en-US').padStart(12)}`);
  }
  printDifferences(differences);
  return differences.length === 0 ? 0 : 1;
}

interface Target {
  url: string;
  token: string;
  concurrency: number;
  returns: boolean;
}

function readTarget(args: string[]): Target | string {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args,
      options: { url: text, token: text, concurrency: text, returns: { type: 'boolean' } },
    });
    const { url, token } = findService(values);
    const concurrency = Number(values.concurrency ?? 32);
    if (!Number.isInteger(concurrency) || concurrency < 1) return '--concurrency must be a whole number above 0.';
    return { url, token, concurrency, returns: values.returns ?? false };
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault);
  }
}

/** Shows the progress of a replay in the terminal; call `stop` when it is over, well or not. */
export function progressBar() {
  const bar = new SingleBar({
    format: '{phase} [{bar}] {value}/{total}',
    noTTYOutput: true,
    notTTYSchedule: 2000,
    // Its handler swallows the first Ctrl-C; nothing is hidden here that would have to be restored.
    gracefulExit: false,
  });
  let current = '';
  const show = ({ phase, done, total }: ReplayProgress): void => {
    if (phase !== current) {
      bar.stop();
      current = phase;
      bar.start(total, done, { phase: phase.padEnd(9) });
    }
    bar.update(done);
  };
  return { show, stop: () => bar.stop() };
}

// Node gives the path as it was typed; the module's URL has links resolved.
const script = process.argv[1];
if (script !== undefined && import.meta.url === pathToFileURL(realpathSync(script)).href) {
  process.exitCode = await main(process.argv.slice(2));
}
