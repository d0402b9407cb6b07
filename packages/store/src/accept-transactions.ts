// Acceptance: a committed row in loyalty_transactions is the promise. Everything that gathered while the last
// statement was under way goes in with one; one bad row of it fails alone.

import { DomainError, type LoyaltyTransaction, type TransactionTerms } from '@customer-service/domain';
import { type Database, prepared, rows } from './connect.ts';
import { isConnectionFault, isDataFault, isDeadlock, isLockTimeout, isStorageFault, isUnreachable } from './faults.ts';
import { TRANSACTION_COLUMNS } from './loyalty-transactions.ts';

export interface NewTransaction {
  id: string;
  customer_id: string;
  idempotency_key: string;
  /** SHA-256 of operation and canonical body. */
  fingerprint: Buffer;
  type: string;
  points: number | null;
  amount_minor: number | null;
  currency: string | null;
  order_id: string | null;
  source: string | null;
  external_reference: string | null;
  description: string | null;
  /** Null: the moment of acceptance. */
  occurred_at: string | null;
  terms: TransactionTerms | null;
  /** Who asked: the role and subject of the token. */
  accepted_from: string;
  /** Of the trace it is posted in (W3C Trace Context), if there is one. */
  traceparent?: string | null;
}

/** `replayed`: this key, or this receipt, had been accepted before; the transaction is that earlier one. */
export interface Accepted {
  transaction: LoyaltyTransaction;
  replayed: boolean;
}

/** `item`: the place of the item it stands in the way of. */
type EarlierTransaction = LoyaltyTransaction & { idempotency_key: string; fingerprint: Buffer; item: number };

/** A connection that breaks later than this is not asked about: whoever sent the request has waited for long. */
const PATIENCE_MS = 2_000;

/**
 * Accepts transactions, in the order given. A customer that was erased or merged is none, but for a request that was
 * accepted while it was there: a merged one finds its row again, under the old id and under the new one.
 * @returns one answer an item: the accepted transaction or the DomainError it alone fails with
 *   (`customer-not-found`, `idempotency-key-reused`, `external-reference-reused`, `value-refused`; a fault that met it
 *   alone: `storage-unavailable`, `outcome-unknown`)
 * @throws DomainError `storage-unavailable` (nothing was written) or `outcome-unknown` (the commit's answer was lost,
 *   twice; the same keys are safe to send again)
 */
export async function acceptTransactions(
  db: Database,
  items: readonly NewTransaction[],
): Promise<(Accepted | DomainError)[]> {
  const started = performance.now();
  try {
    return await acceptOnce(db, items);
  } catch (error) {
    if (isUnreachable(error)) throw unavailable();
    if (isConnectionFault(error)) {
      // A server that let the time limit pass without a word would let it pass again.
      if (performance.now() - started > PATIENCE_MS) throw outcomeUnknown();
      return acceptAfterLostAnswer(db, items);
    }
    // A value that only PostgreSQL finds fault with, or a customer whom somebody else holds for too long: each alone,
    // so that the others are not lost with it.
    if (isDataFault(error) || isDeadlock(error) || isLockTimeout(error)) return acceptOneByOne(db, items);
    throw error;
  }
}

/**
 * Accepts all of them or none, in one SQL transaction.
 * @returns as acceptTransactions does; when one answer is a DomainError nothing was written, and only the others'
 *   errors are worth reading
 */
export async function acceptTogether(
  db: Database,
  items: readonly NewTransaction[],
): Promise<(Accepted | DomainError)[]> {
  const attempt = () =>
    db.transaction(async (tx) => {
      const answers = await acceptOnce(tx, items);
      if (answers.some((answer) => answer instanceof DomainError)) throw new RolledBack(answers);
      return answers;
    });
  try {
    return await attempt().catch((error) => {
      if (isUnreachable(error)) throw unavailable();
      if (isConnectionFault(error)) return attempt();
      throw error;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.answers;
    if (isConnectionFault(error) || isUnreachable(error)) throw outcomeUnknown();
    throw error;
  }
}

class RolledBack extends Error {
  readonly answers: (Accepted | DomainError)[];

  constructor(answers: (Accepted | DomainError)[]) {
    super('one of the transactions was refused');
    this.answers = answers;
  }
}

/** The first try may or may not have been committed. Its keys tell: sent again, they find their own rows. */
async function acceptAfterLostAnswer(
  db: Database,
  items: readonly NewTransaction[],
): Promise<(Accepted | DomainError)[]> {
  try {
    return await acceptOnce(db, items);
  } catch (error) {
    if (!isStorageFault(error)) throw error;
    throw outcomeUnknown();
  }
}

async function acceptOneByOne(db: Database, items: readonly NewTransaction[]): Promise<(Accepted | DomainError)[]> {
  const answers: (Accepted | DomainError)[] = [];
  for (const item of items) {
    const [answer] = await acceptOnce(db, [item]).catch((error) => {
      if (isDataFault(error))
        return [new DomainError('value-refused', 'The database refused a value of this request.')];
      if (isLockTimeout(error))
        return [new DomainError('storage-unavailable', 'This customer is busy; nothing was written.')];
      // Others of the batch are committed by now and must be told so.
      if (isStorageFault(error)) return [outcomeUnknown()];
      throw error;
    });
    answers.push(answer as Accepted | DomainError);
  }
  return answers;
}

/** By which an earlier row `e` says that `u` is not new. */
const STANDS_IN_THE_WAY = `(e.idempotency_key = u.idempotency_key
  or (e.type = u.type and e.source = u.source and e.external_reference = u.external_reference))`;

/** In one go. Within a transaction any fault is thrown, and ends it. */
export async function acceptOnce(db: Database, items: readonly NewTransaction[]): Promise<(Accepted | DomainError)[]> {
  const inserted = await insertPending(db, items);
  const mine = new Map(inserted.map((row) => [row.id, row]));
  const others = items.filter((item) => !mine.has(item.id));
  const earlier =
    others.length === 0
      ? []
      : await readEarlier(db, others).catch((error) => {
          // Outside a transaction the inserted rows are committed: the fault is that of the others alone.
          if (db.isTransaction || mine.size === 0 || !isStorageFault(error)) throw error;
          return undefined;
        });
  return items.map((item) => {
    const row = mine.get(item.id);
    if (row !== undefined) return { transaction: row, replayed: false };
    if (earlier === undefined) return outcomeUnknown();
    const place = others.indexOf(item);
    return answerFromEarlier(
      item,
      earlier.filter((each) => each.item === place),
    );
  });
}

/**
 * Inserts what is new and has a customer; a row that exists by key or by receipt is left as it is, also one of a
 * customer that was merged into this one. In the order given for each customer; the customers in one order everywhere,
 * so that two processes with the same keys rarely meet.
 *
 * KEY SHARE is what the foreign key takes as well, and all that erasure and merge, who hold the account FOR UPDATE,
 * wait for. Taken here it comes before the row is made: who waited reads the account again, and finds it closed. In id
 * order, as everybody locks, and before the first insert, because the rows are sorted after it.
 */
async function insertPending(db: Database, items: readonly NewTransaction[]): Promise<LoyaltyTransaction[]> {
  const inserted = await prepared<LoyaltyTransaction>(
    db,
    'insert into loyalty_transactions',
    `with open as (
       select customer_id from loyalty_accounts
        where customer_id = any(?::uuid[]) and closed_at is null order by customer_id for key share),
     now as materialized (select ledger_now() as at)
     insert into loyalty_transactions
       (id, customer_id, idempotency_key, fingerprint, type, points, amount_minor, currency, order_id, source,
        external_reference, description, occurred_at, accepted_at, accepted_from, terms, traceparent)
     select u.id, u.customer_id, u.idempotency_key, u.fingerprint, u.type, u.points, u.amount_minor, u.currency,
            u.order_id, u.source, u.external_reference, u.description, coalesce(u.occurred_at, now.at), now.at,
            u.accepted_from, u.terms, u.traceparent
       from unnest(?::uuid[], ?::uuid[], ?::text[], ?::bytea[], ?::text[], ?::bigint[], ?::bigint[], ?::text[],
                   ?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::text[], ?::jsonb[], ?::text[])
         with ordinality
         as u (id, customer_id, idempotency_key, fingerprint, type, points, amount_minor, currency, order_id, source,
               external_reference, description, occurred_at, accepted_from, terms, traceparent, ordinality)
       join open on open.customer_id = u.customer_id
      cross join now
      where not exists (
        select from customers m join loyalty_transactions e on e.customer_id = m.id
         where m.merged_into = u.customer_id and ${STANDS_IN_THE_WAY})
      order by u.customer_id, u.ordinality
     on conflict do nothing
     returning ${TRANSACTION_COLUMNS}`,
    [
      items.map((item) => item.customer_id),
      items.map((item) => item.id),
      items.map((item) => item.customer_id),
      items.map((item) => item.idempotency_key),
      items.map((item) => item.fingerprint),
      items.map((item) => item.type),
      items.map((item) => item.points),
      items.map((item) => item.amount_minor),
      items.map((item) => item.currency),
      items.map((item) => item.order_id),
      items.map((item) => item.source),
      items.map((item) => item.external_reference),
      items.map((item) => item.description),
      items.map((item) => item.occurred_at),
      items.map((item) => item.accepted_from),
      items.map((item) => item.terms && JSON.stringify(item.terms)),
      items.map((item) => item.traceparent ?? null),
    ],
  );
  return inserted.rows;
}

/** The rows that stood in the way, by key or by receipt; those of erased customers stand in nobody's. */
function readEarlier(db: Database, items: readonly NewTransaction[]): Promise<EarlierTransaction[]> {
  return rows<EarlierTransaction>(
    db,
    `select ${TRANSACTION_COLUMNS}, idempotency_key, fingerprint, item
       from (select e.*, u.ordinality - 1 as item
               from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[]) with ordinality
                 as u (customer_id, idempotency_key, type, source, external_reference, ordinality)
               join customers m on (m.id = u.customer_id or m.merged_into = u.customer_id) and m.erased_at is null
               join loyalty_transactions e on e.customer_id = m.id and ${STANDS_IN_THE_WAY}) as earlier`,
    [
      items.map((item) => item.customer_id),
      items.map((item) => item.idempotency_key),
      items.map((item) => item.type),
      items.map((item) => item.source),
      items.map((item) => item.external_reference),
    ],
  );
}

function answerFromEarlier(item: NewTransaction, earlier: readonly EarlierTransaction[]): Accepted | DomainError {
  const byKey = earlier.find((row) => row.idempotency_key === item.idempotency_key);
  const found = byKey ?? earlier[0];
  if (found === undefined) return new DomainError('customer-not-found', 'There is no such customer.');
  const { idempotency_key: _key, fingerprint, item: _item, ...transaction } = found;
  if (!fingerprint.equals(item.fingerprint)) return byKey === undefined ? receiptReused() : keyReused();
  // Its own row: the first try was committed and only the answer was lost.
  return { transaction, replayed: transaction.id !== item.id };
}

function keyReused(): DomainError {
  return new DomainError('idempotency-key-reused', 'This Idempotency-Key was used before for another request.');
}

function receiptReused(): DomainError {
  return new DomainError(
    'external-reference-reused',
    'This source and external_reference were accepted before with other contents.',
    [{ pointer: '/external_reference', code: 'reused', detail: 'names a transaction with other contents' }],
  );
}

function outcomeUnknown(): DomainError {
  return new DomainError(
    'outcome-unknown',
    'The database went away while this was being accepted. Send it again with the same Idempotency-Key.',
  );
}

function unavailable(): DomainError {
  return new DomainError('storage-unavailable', 'The database can not be reached; nothing was written.');
}
