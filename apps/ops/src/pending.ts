// `pending`, `drain` and `redrive`: what waits, waiting until it is done, and ringing for it once more.

import { setTimeout as pause } from 'node:timers/promises';
import {
  applyApart,
  countWaiting,
  type Database,
  listOverdueCustomers,
  listWaiting,
  type WaitingTransaction,
} from '@customer-service/store';
import { count, progressBar, type Report, span, table } from './report.ts';
import type { Site } from './site.ts';
import { describe, livingProcesses, OVERDUE_S } from './status.ts';

export interface PendingOptions {
  customer?: string;
  olderThan?: number;
  limit: number;
}

export async function pending({ db }: Site, { customer, olderThan, limit }: PendingOptions): Promise<Report> {
  const backlog = await countWaiting(db);
  const transactions = await listWaiting(db, { customer_id: customer, older_than_s: olderThan, limit });
  const lines = transactions.map((row) => [
    ...[span(row.waiting_s), row.type, row.id, row.customer_id, row.accepted_at],
    row.in_quarantine ? 'in quarantine' : '',
  ]);
  const shown =
    lines.length === 0 ? [] : ['', table(['waits', 'type', 'transaction', 'customer', 'accepted', ''], lines)];
  return {
    data: { ...backlog, transactions: transactions.map(({ position: _place, ...row }) => row) },
    text: [`Pending: ${describe(backlog)}`, ...shown].join('\n'),
    found: transactions.some((row) => row.waiting_s > OVERDUE_S),
  };
}

const PAGE = 1_000;

async function* pages(db: Database, since: string): AsyncGenerator<WaitingTransaction[]> {
  let after: number | undefined;
  do {
    const page: WaitingTransaction[] = await listWaiting(db, { since, limit: PAGE, after });
    if (page.length > 0) yield page;
    after = page.length < PAGE ? undefined : page.at(-1)?.position;
  } while (after !== undefined);
}

/** A ring for what is applied meanwhile is answered with nothing to do, so nothing can be doubled by it. */
export async function redrive(site: Site, { since, dryRun }: { since: string; dryRun?: boolean }): Promise<Report> {
  const desk = dryRun ? undefined : await site.openQueue();
  const { pending: total } = await countWaiting(site.db);
  const bar = progressBar('ringing');
  let rung = 0;
  try {
    for await (const page of pages(site.db, since)) {
      await desk?.ring(page.map(({ type, id, customer_id }) => ({ type, ring: { id, customer_id } })));
      rung += page.length;
      bar.show(rung, Math.max(rung, total));
    }
  } finally {
    bar.stop();
  }
  const what = `${count(rung, 'transaction')} pending since ${since}`;
  return {
    data: { since, dry_run: dryRun === true, rung },
    text: dryRun ? `Would ring for ${what}.` : `Rung for ${what}.`,
    found: false,
  };
}

export interface DrainOptions {
  /** Seconds. */
  timeout: number;
  apply?: boolean;
}

const EVERY_MS = 250;
const APPLIED_AT_ONCE = 500;

/** Resolves when nothing is pending any more that anybody would apply, or the time is up. */
export async function drain({ db }: Site, { timeout, apply }: DrainOptions): Promise<Report> {
  const deadline = Date.now() + timeout * 1_000;
  const bar = progressBar('applied');
  const failures = new Map<string, string>();
  let most = 0;
  let left = await countWaiting(db);
  try {
    for (;;) {
      most = Math.max(most, left.pending);
      bar.show(most - left.pending, most);
      if (left.pending === 0 || Date.now() >= deadline) break;
      // Those that failed stand first in line: they are left out, or nobody behind them would have a turn.
      if (!apply || !(await applySome(db, failures))) await pause(EVERY_MS);
      left = await countWaiting(db);
    }
  } finally {
    bar.stop();
  }
  const api_alive = (await livingProcesses(db)).some(({ service }) => service === 'api');
  const still = api_alive
    ? ' An API process is alive and goes on accepting: stop it first where nothing may come in (drain --help).'
    : '';
  return {
    data: { drained: left.pending === 0, ...left, api_alive, failures: Object.fromEntries(failures) },
    text:
      left.pending === 0
        ? `Nothing is pending${left.quarantined_pending > 0 ? `, but ${count(left.quarantined_pending, 'transaction')} of customers in quarantine` : ''}.${still}`
        : `Still pending: ${describe(left)}.${still}${failures.size > 0 ? `\n${[...failures].map(([id, why]) => `${id}  ${why}`).join('\n')}` : ''}`,
    found: left.pending > 0,
  };
}

/** @returns whether anything was done */
async function applySome(db: Database, failures: Map<string, string>): Promise<boolean> {
  const customers = await listOverdueCustomers(db, {
    older_than_ms: 0,
    except: [...failures.keys()],
    limit: APPLIED_AT_ONCE,
  });
  for (const [id, error] of await applyApart(db, customers)) failures.set(id, error.message);
  return customers.length > 0;
}
