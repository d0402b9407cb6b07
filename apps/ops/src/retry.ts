// `retry`: puts failed jobs back, or applies what waits for one customer and says why it can't be.

import { applyApart, isQuarantined, listWaiting } from '@customer-service/store';
import { count, type Report, table } from './report.ts';
import type { Site } from './site.ts';

const SHOWN = 20;
const IN_QUARANTINE = 'the customer is in quarantine: `quarantine release` first';

export interface RetryOptions {
  customer?: string;
  dryRun?: boolean;
  discard?: boolean;
}

export async function retry(site: Site, { customer, dryRun = false, discard = false }: RetryOptions): Promise<Report> {
  return customer === undefined ? retryJobs(site, { dry_run: dryRun, discard }) : retryCustomer(site, customer, dryRun);
}

/** A job is a ring: to repeat one whose transactions were applied meanwhile does nothing. */
async function retryJobs(site: Site, { dry_run, discard }: { dry_run: boolean; discard: boolean }): Promise<Report> {
  const desk = await site.openQueue();
  const jobs = await desk.listFailed(SHOWN);
  const { failed } = await desk.counts();
  const discarded = !dry_run && discard ? await desk.discardFailed() : 0;
  const retried = dry_run || discard ? 0 : await desk.retryFailed();
  const lines = jobs.map((job) => [job.id, job.type, job.transactions, job.attempts, job.failed_at ?? '', job.reason]);
  const shown = lines.length === 0 ? '' : `\n${table(['job', 'type', 'rings', 'tries', 'failed', 'reason'], lines)}`;
  const done = discard ? `${count(discarded, 'job')} discarded` : `${count(retried, 'job')} put back`;
  const said = dry_run ? `${count(failed, 'job')} failed` : done;
  return {
    data: { failed, retried, discarded, dry_run, jobs },
    text: `${said}.${shown}`,
    found: dry_run && failed > 0,
  };
}

/** Through the one way that moves points, in order and under the customer's lock, as a till that waits does. */
async function retryCustomer({ db }: Site, customer_id: string, dry_run: boolean): Promise<Report> {
  const waiting = async () => (await listWaiting(db, { customer_id, limit: 999_999 })).length;
  const before = await waiting();
  const failures = dry_run || before === 0 ? new Map<string, Error>() : await applyApart(db, [customer_id]);
  const left = await waiting();
  const in_quarantine = left > 0 && (await isQuarantined(db, [customer_id]));
  const reason = in_quarantine ? IN_QUARANTINE : (failures.get(customer_id)?.message ?? null);
  const done = dry_run
    ? `${count(before, 'transaction')} would be tried`
    : `${count(before - left, 'transaction')} decided`;
  return {
    data: { customer_id, dry_run, pending_before: before, pending: left, reason },
    text: `${done}, ${left} pending.${reason === null ? '' : `\nThe others can not be applied: ${reason}`}`,
    found: reason !== null || (dry_run && before > 0),
  };
}
