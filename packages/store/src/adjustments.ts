// The table loyalty_adjustments: corrections by hand that are too large for one person alone.

import { DomainError, type LoyaltyTransaction } from '@customer-service/domain';
import { type Accepted, acceptTransactions, type NewTransaction } from './accept-transactions.ts';
import { type Actor, writeAudit } from './audit-log.ts';
import { type Database, rows } from './connect.ts';
import { TRANSACTION_COLUMNS } from './loyalty-transactions.ts';
import { readMergedInto } from './merged-customers.ts';

export interface Adjustment {
  id: string;
  customer_id: string;
  type: 'adjust_credit' | 'adjust_debit';
  points: number;
  reason_code: string;
  note: string | null;
  status: 'awaiting_approval' | 'approved' | 'refused';
  requested_by: string;
  requested_at: string;
  decided_by: string | null;
  decided_at: string | null;
  transaction_id: string | null;
}

const COLUMNS = `id, customer_id, type, points, reason_code, note, status, requested_by, requested_at, decided_by,
  decided_at, transaction_id`;

const nameOf = ({ role, sub }: Actor): string => `${role}:${sub}`;
const subjectOf = (name: string): string => name.slice(name.indexOf(':') + 1);

/**
 * Writes down a correction that waits for a second person. The same key again finds the same request.
 * @returns undefined when a transaction was accepted for the same request before: whoever accepts it again finds it
 * @throws DomainError `customer-not-found`, `idempotency-key-reused`
 */
export function requestAdjustment(
  db: Database,
  { asked, actor }: { asked: NewTransaction; actor: Actor },
): Promise<{ adjustment: Adjustment; replayed: boolean } | undefined> {
  return db.transaction(async (tx) => {
    const [inserted] = await rows<Adjustment>(
      tx,
      `with open as (select from loyalty_accounts where customer_id = ? and closed_at is null for key share)
       insert into loyalty_adjustments
         (id, customer_id, type, points, reason_code, note, idempotency_key, fingerprint, requested_by)
       select ?, ?, ?, ?, ?, ?, ?, ?, ? from open
        where not exists (select from loyalty_transactions where customer_id ${FAMILY} and idempotency_key = ?)
       on conflict do nothing returning ${COLUMNS}`,
      [
        ...[asked.customer_id, asked.id, asked.customer_id, asked.type, asked.points],
        ...[asked.terms?.reason_code, asked.description, asked.idempotency_key, asked.fingerprint, nameOf(actor)],
        ...[asked.customer_id, asked.customer_id, asked.idempotency_key],
      ],
    );
    if (inserted !== undefined) {
      const changes = { points: { before: null, after: asked.points }, type: { before: null, after: asked.type } };
      await writeAudit(tx, actor, { action: 'adjustment.requested', customer_id: asked.customer_id, changes });
      return { adjustment: inserted, replayed: false };
    }
    const adjustment = await readRequest(tx, asked);
    if (adjustment !== undefined) return { adjustment, replayed: true };
    const [taken] = await rows<{ fingerprint: Buffer }>(
      tx,
      `select fingerprint from loyalty_transactions where customer_id ${FAMILY} and idempotency_key = ?`,
      [asked.customer_id, asked.customer_id, asked.idempotency_key],
    );
    if (taken === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
    if (!taken.fingerprint.equals(asked.fingerprint)) throw keyReused();
    return undefined;
  });
}

/** This customer and those that were merged into it. */
const FAMILY = 'in (select id from customers where (id = ? or merged_into = ?) and erased_at is null)';

/**
 * What was written down under this key before, by whomever.
 * @throws DomainError `idempotency-key-reused`
 */
export async function readRequest(
  db: Database,
  asked: Pick<NewTransaction, 'customer_id' | 'idempotency_key' | 'fingerprint'>,
): Promise<Adjustment | undefined> {
  const [earlier] = await rows<Adjustment & { fingerprint: Buffer }>(
    db,
    `select ${COLUMNS}, fingerprint from loyalty_adjustments where customer_id ${FAMILY} and idempotency_key = ?
      order by customer_id = ? desc limit 1`,
    [asked.customer_id, asked.customer_id, asked.idempotency_key, asked.customer_id],
  );
  if (earlier === undefined) return undefined;
  const { fingerprint, ...adjustment } = earlier;
  if (!fingerprint.equals(asked.fingerprint)) throw keyReused();
  return adjustment;
}

function keyReused(): DomainError {
  return new DomainError('idempotency-key-reused', 'This Idempotency-Key was used before for another request.');
}

function notFound(): DomainError {
  return new DomainError('adjustment-not-found', 'There is no such adjustment.');
}

/** @throws DomainError `adjustment-not-found` */
export async function readAdjustment(db: Database, id: string): Promise<Adjustment> {
  const [adjustment] = await rows<Adjustment>(db, `select ${COLUMNS} from loyalty_adjustments where id = ?`, [id]);
  if (adjustment === undefined) throw notFound();
  return adjustment;
}

/**
 * Approves or refuses what another person asked for. Approved, it becomes a transaction that waits like all others; a
 * decision that was made before is answered as it stands when it is the same.
 * @throws DomainError `adjustment-not-found`, `adjustment-decided`, `second-person-needed`; `customer-not-found` for an
 *   approval after the customer was erased
 */
export function decideAdjustment(
  db: Database,
  { id, approve, transaction_id, actor }: { id: string; approve: boolean; transaction_id: string; actor: Actor },
): Promise<{ adjustment: Adjustment; transaction: LoyaltyTransaction | null }> {
  return db.transaction(async (tx) => {
    const [asked] = await rows<Adjustment & { idempotency_key: string; fingerprint: Buffer }>(
      tx,
      `select ${COLUMNS}, idempotency_key, fingerprint from loyalty_adjustments where id = ? for update`,
      [id],
    );
    if (asked === undefined) throw notFound();
    const status = approve ? 'approved' : 'refused';
    const { idempotency_key, fingerprint, ...known } = asked;
    if (asked.status === status) return { adjustment: known, transaction: await readLine(tx, asked.transaction_id) };
    if (asked.status !== 'awaiting_approval') {
      throw new DomainError('adjustment-decided', `This adjustment was ${asked.status} before.`);
    }
    // The person counts, whatever role they have today.
    if (subjectOf(asked.requested_by) === actor.sub) {
      throw new DomainError('second-person-needed', 'Somebody else than who asked for it must decide.');
    }
    const transaction = approve ? await accept(tx, { ...asked, transaction_id }) : null;
    const [adjustment] = await rows<Adjustment>(
      tx,
      `update loyalty_adjustments set status = ?, decided_by = ?, decided_at = clock_timestamp(), transaction_id = ?
        where id = ? returning ${COLUMNS}`,
      [status, nameOf(actor), transaction?.id ?? null, id],
    );
    const changes = { status: { before: 'awaiting_approval', after: status } };
    const action = approve ? 'adjustment.approved' : 'adjustment.refused';
    await writeAudit(tx, actor, { action, customer_id: asked.customer_id, changes });
    return { adjustment: adjustment as Adjustment, transaction };
  });
}

async function readLine(tx: Database, id: string | null): Promise<LoyaltyTransaction | null> {
  const found = await rows<LoyaltyTransaction>(
    tx,
    `select ${TRANSACTION_COLUMNS} from loyalty_transactions where id = ?`,
    [id],
  );
  return found[0] ?? null;
}

async function accept(
  tx: Database,
  asked: Adjustment & { idempotency_key: string; fingerprint: Buffer; transaction_id: string },
): Promise<LoyaltyTransaction> {
  // A customer that was merged meanwhile lives on as another one.
  const customer_id = (await readMergedInto(tx, [asked.customer_id])).get(asked.customer_id) ?? asked.customer_id;
  const [answer] = await acceptTransactions(tx, [
    {
      ...{ id: asked.transaction_id, customer_id, type: asked.type, points: asked.points },
      ...{ idempotency_key: asked.idempotency_key, fingerprint: asked.fingerprint, amount_minor: null, currency: null },
      ...{ order_id: null, source: null, external_reference: null, description: asked.note, occurred_at: null },
      ...{ terms: { reason_code: asked.reason_code }, accepted_from: asked.requested_by },
    },
  ]);
  if (answer instanceof DomainError) throw answer;
  return (answer as Accepted).transaction;
}

export interface AdjustmentFilter {
  status?: string;
  limit: number;
  /** The id of the last one of the page before. */
  before?: string;
}

/** The newest first. */
export function listAdjustments(db: Database, { status, limit, before }: AdjustmentFilter): Promise<Adjustment[]> {
  const query = db('loyalty_adjustments').select<Adjustment[]>(db.raw(COLUMNS)).orderBy('id', 'desc').limit(limit);
  if (status !== undefined) query.where({ status });
  if (before !== undefined) query.where('id', '<', before);
  return query;
}

/** Every one of these customers, the oldest first. */
export function readAdjustmentsOf(db: Database, customerIds: readonly string[]): Promise<Adjustment[]> {
  return db('loyalty_adjustments')
    .select<Adjustment[]>(db.raw(COLUMNS))
    .whereIn('customer_id', customerIds)
    .orderBy('id');
}

/** Takes out of requests what people wrote in words, for erasure. */
export function redactAdjustments(tx: Database, customerIds: readonly string[]): Promise<unknown> {
  return tx('loyalty_adjustments')
    .whereIn('customer_id', customerIds)
    .update({ note: null, idempotency_key: tx.raw('id::text'), fingerprint: Buffer.alloc(0) });
}
