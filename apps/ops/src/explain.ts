// `explain`: the life of one transaction, from its acceptance to the balance it left.

import { explain as inWords, type Lot } from '@customer-service/domain';
import type { RingJob } from '@customer-service/runtime';
import { readTransactionLife, type TransactionLife } from '@customer-service/store';
import { count, list, type Report, span, Unreachable } from './report.ts';
import type { Site } from './site.ts';

/** Younger rows are left to the doorbell by the sweep. */
const SWEPT_AFTER_MS = 500;

/** `till`: by whoever waited for the outcome, or along with another ring of the same customer. */
export type AppliedBy = 'doorbell' | 'sweep' | 'till' | 'ledger';

export async function explain(site: Site, id: string): Promise<Report> {
  const life = await readTransactionLife(site.db, id);
  if (life === undefined)
    return { data: { id, transaction: null }, text: `There is no transaction ${id}.`, found: true };
  const { ring, queue_fault } = await findRing(site, id);
  const applied_by = whoApplied(life, ring);
  const explained = inWords(life.transaction);
  const stuck = life.transaction.status === 'pending' && Date.now() - Date.parse(life.transaction.accepted_at) > 5_000;
  return {
    data: { ...life, ring, queue_fault, applied_by, explained },
    text: list(lines(life, { ring, queue_fault, applied_by, explained })),
    found: stuck,
  };
}

async function findRing(site: Site, id: string): Promise<{ ring: RingJob | null; queue_fault: string | null }> {
  try {
    return { ring: (await (await site.openQueue()).findRing(id)) ?? null, queue_fault: null };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return { ring: null, queue_fault: error.message };
  }
}

/** From the moments alone, which are of two machines' clocks: likely, and not proven. Null: not applied, or not known. */
function whoApplied({ transaction, accepted_from }: TransactionLife, ring: RingJob | null): AppliedBy | null {
  const { accepted_at, applied_at } = transaction;
  if (applied_at === null) return null;
  if (accepted_from === 'ledger') return 'ledger';
  const applied = Date.parse(applied_at);
  if (ring?.taken_at != null && applied >= Date.parse(ring.taken_at)) {
    if (ring.finished_at === null || applied <= Date.parse(ring.finished_at)) return 'doorbell';
  }
  return applied - Date.parse(accepted_at) < SWEPT_AFTER_MS ? 'till' : 'sweep';
}

interface Found {
  ring: RingJob | null;
  queue_fault: string | null;
  applied_by: AppliedBy | null;
  explained: string;
}

const BY: Record<AppliedBy, string> = {
  doorbell: 'by its ring',
  sweep: 'probably by the sweep, because no ring of it was answered first',
  till: 'probably by a till that waited, or with another ring of this customer',
  ledger: 'by the ledger itself',
};

function lines(life: TransactionLife, { ring, queue_fault, applied_by, explained }: Found): [string, string][] {
  const { transaction } = life;
  const after = (then: string) => `+${span((Date.parse(then) - Date.parse(transaction.accepted_at)) / 1_000)}`;
  const applied =
    transaction.applied_at === null || applied_by === null
      ? `not yet; ${count(life.waiting_before, 'transaction')} of this customer before it`
      : `${transaction.applied_at}, ${after(transaction.applied_at)}, ${BY[applied_by]}`;
  const rung =
    ring === null
      ? (queue_fault ?? 'the queue knows no job of it (they are kept for an hour)')
      : `${ring.rung_at}, job ${ring.id}, ${ring.state}, ${count(ring.attempts, 'try', 'tries')}${ring.failed_reason ? `: ${ring.failed_reason}` : ''}`;
  return [
    ['transaction', `${transaction.id}, ${transaction.type}, ${transaction.status}`],
    [
      'customer',
      `${transaction.customer_id}, ${life.customer_status}${life.merged_into ? ` into ${life.merged_into}` : ''}${life.in_quarantine ? ', in quarantine' : ''}`,
    ],
    ['occurred', transaction.occurred_at],
    ['accepted', `${transaction.accepted_at}, from ${life.accepted_from}`],
    ['rung', rung],
    ['applied', applied],
    ...outcome(life),
    ['that is', explained],
    ...life.followed_by.map((line): [string, string] => [
      'followed by',
      `${line.type} of ${line.points ?? '?'} points, ${line.status}, ${line.id}`,
    ]),
  ];
}

function outcome({ transaction }: TransactionLife): [string, string][] {
  const { balance_before, balance_after, sequence, rejection_code, explanation } = transaction;
  if (sequence === null || balance_before === null || balance_after === null) return [];
  const lots: [string, string][] = (explanation?.allocations ?? []).map((lot) => ['lot', describeLot(lot)]);
  return [
    ['balance', `${balance_before} → ${balance_after} points, line ${sequence} of the ledger`],
    ...(rejection_code === null ? [] : ([['rejected', rejection_code]] as [string, string][])),
    ...lots,
  ];
}

function describeLot({ points, expires_at, inactivity_days }: Lot): string {
  const ends = inactivity_days === undefined ? 'that never lapse' : `that lapse after ${inactivity_days} quiet days`;
  return `${count(points, 'point')} ${expires_at === null ? ends : `that lapse on ${expires_at.slice(0, 10)}`}`;
}
