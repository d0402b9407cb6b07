// The statements of packages/store on the model's store, and the two transactions made of them: one that accepts, one
// that applies. The decision between reading and writing is the real one.

import { type Applied, applyTransactions, type PendingTransaction, PROGRAMME } from '@customer-service/domain';
import type { Random, Steps } from './scheduler.ts';
import { type AccountRow, Cut, type Row, type Session, type Store, type Transaction } from './store.ts';

/** What can be planted: each stands for a line that somebody may one day take out or put elsewhere. */
export const MISTAKES = [
  ...(['ring_before_commit', 'answer_before_commit', 'no_sweep', 'no_unique_key', 'new_key_each_try'] as const),
  ...(['no_lock', 'lock_and_read_at_once', 'no_status_guard', 'no_order', 'locks_in_any_order'] as const),
  ...(['accept_without_lock', 'apply_in_two_transactions', 'batch_fails_for_all', 'lost_answer_is_a_no'] as const),
];
export type Mistake = (typeof MISTAKES)[number];

export interface Sale extends PendingTransaction {
  idempotency_key: string;
}

export interface Desk {
  store: Store;
  random: Random;
  mistakes: ReadonlySet<Mistake>;
  /** Whose transactions make the rules throw. */
  poisoned: Set<string>;
}

/** Two workers decided the same row: what the production code asserts, and what must never be seen. */
export class DecidedBefore extends Error {}

export type Accepted = Row | 'customer-not-found';

const byKey = (rows: readonly Row[], sale: Sale) => rows.find((row) => row.idempotency_key === sale.idempotency_key);

/** One INSERT for all of them: locks the accounts, then inserts what is new. Commits by itself, as one statement does. */
function* insertPending({ store, mistakes }: Desk, tx: Transaction, sales: readonly Sale[]): Steps<Row[]> {
  const customers = [...new Set(sales.map((sale) => sale.customer_id))].sort();
  if (!mistakes.has('accept_without_lock'))
    for (const customer of customers) yield* store.lock(tx, customer, 'key share');
  const open = customers.filter((customer) => store.accountNow(tx, customer)?.closed_after === null);
  const inserted: Row[] = [];
  for (const sale of sales.toSorted((a, b) => (a.customer_id < b.customer_id ? -1 : 1))) {
    if (!open.includes(sale.customer_id)) continue;
    if (!mistakes.has('no_unique_key')) {
      yield* store.lock(tx, `key ${sale.idempotency_key}`, 'update');
      // A unique index knows what is committed now, whatever the statement's snapshot.
      if (byKey(store.rowsNow(tx), sale)) continue;
    }
    const row: Row = { ...sale, position: store.nextPosition(), outcome: null };
    tx.rows.set(row.id, row);
    inserted.push(row);
    yield* store.lock(tx, sale.customer_id, 'key share'); // the foreign key's
  }
  yield undefined;
  store.commit(tx);
  return inserted;
}

// biome-ignore lint/correctness/useYield: a statement that waits for nobody.
function* readRows({ store }: Desk, tx: Transaction): Steps<Row[]> {
  return store.rowsNow(tx);
}

function* acceptOnce(desk: Desk, process: string, sales: readonly Sale[]): Steps<Accepted[]> {
  const { store } = desk;
  const session = store.connect(process);
  try {
    const inserted = yield* store.execute(session, insertPending(desk, session.tx, sales));
    const mine = new Map(inserted.map((row) => [row.id, row]));
    const rows = mine.size === sales.length ? [] : yield* store.execute(session, readRows(desk, session.tx));
    return sales.map((sale) => mine.get(sale.id) ?? byKey(rows, sale) ?? 'customer-not-found');
  } finally {
    store.disconnect(session);
  }
}

/** @throws Cut when the outcome is unknown, twice */
export function* accept(desk: Desk, process: string, sales: readonly Sale[]): Steps<Accepted[]> {
  try {
    return yield* acceptOnce(desk, process, sales);
  } catch (error) {
    if (!(error instanceof Cut)) throw error;
    if (desk.mistakes.has('lost_answer_is_a_no')) return sales.map(() => 'customer-not-found');
    return yield* acceptOnce(desk, process, sales);
  }
}

function* lockAccounts(
  { store, mistakes, random }: Desk,
  { tx, customers, mode }: { tx: Transaction; customers: readonly string[]; mode: 'no key update' | 'update' },
): Steps<AccountRow[]> {
  const order = mistakes.has('locks_in_any_order') && random.chance(0.5) ? customers.toReversed() : customers;
  if (!mistakes.has('no_lock')) for (const customer of order) yield* store.lock(tx, customer, mode);
  return customers.map((customer) => store.accountNow(tx, customer)).filter((row) => row !== undefined);
}

function waitingIn(rows: readonly Row[], customers: readonly string[], { mistakes, random }: Desk): Row[] {
  const waiting = rows.filter((row) => row.outcome === null && customers.includes(row.customer_id));
  if (mistakes.has('no_order')) return random.chance(0.5) ? waiting.reverse() : waiting;
  return waiting.sort((a, b) => a.position - b.position);
}

// biome-ignore lint/correctness/useYield: a statement that waits for nobody.
function* listPending(desk: Desk, tx: Transaction, customers: readonly string[]): Steps<Row[]> {
  return waitingIn(desk.store.rowsNow(tx), customers, desk);
}

/** The planted mistake: what the statement reads is from before it waited; only the locked rows are read again. */
function* lockAndRead(desk: Desk, tx: Transaction, customers: readonly string[]): Steps<[AccountRow[], Row[]]> {
  const before = [...desk.store.snapshot(tx).rows.values()];
  const accounts = yield* lockAccounts(desk, { tx, customers, mode: 'no key update' });
  return [accounts, waitingIn(before, customers, desk)];
}

function* save({ store, mistakes }: Desk, tx: Transaction, decided: readonly Decided[]): Steps {
  for (const { row, result } of decided) {
    const customer = row.account.customer_id;
    yield* store.lock(tx, customer, 'no key update');
    tx.accounts.set(customer, { ...row, account: result.account });
  }
  for (const { result } of decided) {
    for (const outcome of result.outcomes) {
      const id = outcome.id as string;
      yield* store.lock(tx, `row ${id}`, 'no key update');
      const current = store.rowNow(tx, id) as Row;
      if (current.outcome !== null && !mistakes.has('no_status_guard')) throw new DecidedBefore(id);
      tx.rows.set(id, { ...current, outcome });
    }
  }
}

// biome-ignore lint/correctness/useYield: a statement that waits for nobody.
function* commitNow({ store }: Desk, tx: Transaction): Steps {
  store.commit(tx);
}

interface Decided {
  row: AccountRow;
  result: Applied;
}

function decide({ poisoned }: Desk, accounts: readonly AccountRow[], pending: readonly Row[]): Decided[] {
  return accounts.flatMap((row) => {
    const transactions = pending.filter((each) => each.customer_id === row.account.customer_id);
    if (transactions.length === 0) return [];
    if (poisoned.has(row.account.customer_id)) throw new Error('poison');
    return [{ row, result: applyTransactions(row.account, transactions, { programmes: [PROGRAMME] }) }];
  });
}

/** Lock, read, decide, write, commit. `close` locks the account against everybody and closes it besides. */
export function* apply(
  desk: Desk,
  { process, customers, close = false }: { process: string; customers: readonly string[]; close?: boolean },
): Steps {
  const { store, mistakes } = desk;
  const session = store.connect(process);
  const { tx } = session;
  const run = <Result>(statement: Steps<Result>) => store.execute(session, statement);
  try {
    const [accounts, pending] = yield* read(desk, { session, customers, close });
    const decided = decide(desk, accounts, pending);
    if (decided.length > 0) yield* run(save(desk, tx, decided));
    if (mistakes.has('apply_in_two_transactions')) yield* run(commitNow(desk, tx));
    if (close) yield* run(closeAccount(desk, tx, customers[0] as string));
    yield* run(commitNow(desk, tx));
  } finally {
    store.disconnect(session);
  }
}

function* read(
  desk: Desk,
  { session, customers, close }: { session: Session; customers: readonly string[]; close: boolean },
): Steps<[AccountRow[], Row[]]> {
  const { store, mistakes } = desk;
  const { tx } = session;
  if (mistakes.has('lock_and_read_at_once') && !close) {
    return yield* store.execute(session, lockAndRead(desk, tx, customers));
  }
  const mode = close ? 'update' : 'no key update';
  const accounts = yield* store.execute(session, lockAccounts(desk, { tx, customers, mode }));
  if (mistakes.has('apply_in_two_transactions')) yield* store.execute(session, commitNow(desk, tx));
  return [accounts, yield* store.execute(session, listPending(desk, tx, customers))];
}

// biome-ignore lint/correctness/useYield: it has the lock already.
function* closeAccount({ store }: Desk, tx: Transaction, customer: string): Steps {
  const { account } = store.accountNow(tx, customer) as AccountRow;
  tx.accounts.set(customer, { account, closed_after: account.sequence });
}

/** Keeps one customer's fault from the others. @returns those who could not be applied. @throws Cut */
export function* applyApart(desk: Desk, process: string, customers: readonly string[]): Steps<string[]> {
  try {
    yield* apply(desk, { process, customers });
    return [];
  } catch (error) {
    if (error instanceof Cut || error instanceof DecidedBefore) throw error;
    if (customers.length === 1 || desk.mistakes.has('batch_fails_for_all')) return [...customers];
    const half = Math.ceil(customers.length / 2);
    const left = yield* applyApart(desk, process, customers.slice(0, half));
    return [...left, ...(yield* applyApart(desk, process, customers.slice(half)))];
  }
}
