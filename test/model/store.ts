// A small PostgreSQL: rows in versions, transactions at READ COMMITTED, row locks, a unique key, an identity, and
// sessions that outlive their clients. A statement is a generator that runs on the server's side: when the client is
// gone it still ends, and only then the session does.

import type { LoyaltyAccount, Outcome, PendingTransaction } from '@customer-service/domain';
import type { Scheduler, Steps } from './scheduler.ts';

export interface AccountRow {
  account: LoyaltyAccount;
  /** After which line of its ledger it was closed. */
  closed_after: number | null;
}

export interface Row extends PendingTransaction {
  idempotency_key: string;
  position: number;
  outcome: Outcome | null;
}

type LockMode = 'key share' | 'no key update' | 'update';
const CONFLICTS: Record<LockMode, LockMode[]> = {
  'key share': ['update'],
  'no key update': ['no key update', 'update'],
  update: ['key share', 'no key update', 'update'],
};

export interface Transaction {
  accounts: Map<string, AccountRow>;
  rows: Map<string, Row>;
  locked: Set<string>;
  waits_for?: { resource: string; mode: LockMode } | undefined;
}

/** The client's connection was cut: what the statement under way did is not known. */
export class Cut extends Error {}
/** One for all: to note where it was thrown takes longer than all the rest. */
const CUT = new Cut('connection cut');

export interface Session {
  process: string;
  tx: Transaction;
  request?: Steps<unknown> | undefined;
  answer?: { value: unknown } | { error: Error } | undefined;
  /** Set when the client is gone or its connection cut. */
  closed: boolean;
}

export type Snapshot = Pick<Transaction, 'accounts' | 'rows'>;
export type Store = ReturnType<typeof createStore>;

export function createStore(scheduler: Scheduler) {
  const committed: Snapshot = { accounts: new Map(), rows: new Map() };
  let waiting: Row[] = [];
  const locks = new Map<string, { tx: Transaction; mode: LockMode }[]>();
  const seen = { deadlocks: 0, lock_waits: 0, lost_answers: 0 };
  /** How often a row's outcome was committed. */
  const decisions = new Map<string, number>();
  let position = 0;

  const newTransaction = (): Transaction => ({ accounts: new Map(), rows: new Map(), locked: new Set() });

  function end(tx: Transaction): void {
    for (const resource of tx.locked) {
      const holders = locks.get(resource) ?? [];
      const others = holders.filter((holder) => holder.tx !== tx);
      if (others.length === 0) locks.delete(resource);
      else locks.set(resource, others);
    }
    tx.accounts.clear();
    tx.rows.clear();
    tx.locked.clear();
    tx.waits_for = undefined;
  }

  const blockers = (tx: Transaction, { resource, mode }: NonNullable<Transaction['waits_for']>) =>
    (locks.get(resource) ?? []).filter((each) => each.tx !== tx && CONFLICTS[mode].includes(each.mode));

  function closesCircle(tx: Transaction, from: Transaction = tx, visited = new Set<Transaction>()): boolean {
    if (from.waits_for === undefined || visited.has(from)) return false;
    visited.add(from);
    return blockers(from, from.waits_for).some(({ tx: next }) => next === tx || closesCircle(tx, next, visited));
  }

  /** Waits for the lock; held until the transaction ends. */
  function* lock(tx: Transaction, resource: string, mode: LockMode): Steps {
    const wanted = { resource, mode };
    if (blockers(tx, wanted).length > 0) {
      seen.lock_waits += 1;
      tx.waits_for = wanted;
      if (closesCircle(tx)) {
        seen.deadlocks += 1;
        throw new Error('deadlock detected');
      }
      yield () => blockers(tx, wanted).length === 0;
      tx.waits_for = undefined;
    }
    tx.locked.add(resource);
    const holders = locks.get(resource);
    if (holders === undefined) locks.set(resource, [{ tx, mode }]);
    else holders.push({ tx, mode });
  }

  /** What a statement sees that began now, for one that goes on to wait. */
  const snapshot = (tx: Transaction): Snapshot => ({
    accounts: new Map([...committed.accounts, ...tx.accounts]),
    rows: new Map([...committed.rows, ...tx.rows]),
  });
  const rowsNow = (tx: Transaction): Row[] =>
    tx.rows.size === 0 ? [...committed.rows.values()] : [...snapshot(tx).rows.values()];

  /** Everything at once, or nothing. */
  function commit(tx: Transaction): void {
    for (const [id, row] of tx.rows) {
      if (row.outcome !== null) decisions.set(id, (decisions.get(id) ?? 0) + 1);
      committed.rows.set(id, row);
    }
    for (const [id, row] of tx.accounts) committed.accounts.set(id, row);
    waiting = [...committed.rows.values()].filter((row) => row.outcome === null);
    end(tx);
  }

  /** A server's end of a connection: statement after statement until the client is gone. */
  function* serve(session: Session): Steps {
    for (;;) {
      yield () => session.request !== undefined || session.closed;
      const { request } = session;
      if (request === undefined) break;
      session.request = undefined;
      try {
        session.answer = { value: yield* request };
      } catch (error) {
        end(session.tx);
        session.answer = { error: error as Error };
      }
    }
    end(session.tx);
  }

  const sessions = new Set<Session>();

  function connect(process: string): Session {
    const session: Session = { process, tx: newTransaction(), closed: false };
    sessions.add(session);
    scheduler.spawn('postgres', serve(session));
    return session;
  }

  function disconnect(session: Session): void {
    session.closed = true;
    sessions.delete(session);
  }

  return {
    seen,
    decisions,
    lock,
    snapshot,
    commit,
    connect,
    disconnect,
    committed,
    /** Committed and undecided. */
    waiting: () => waiting,
    rowsNow,
    rowNow: (tx: Transaction, id: string) => tx.rows.get(id) ?? committed.rows.get(id),
    accountNow: (tx: Transaction, id: string) => tx.accounts.get(id) ?? committed.accounts.get(id),
    nextPosition: () => ++position,
    sessionsOf: (process: string) => [...sessions].filter((session) => session.process === process),

    /** Sends a statement and waits for its answer. @throws Cut, or what the statement throws */
    *execute<Result>(session: Session, statement: Steps<Result>): Steps<Result> {
      session.answer = undefined;
      session.request = statement;
      yield () => session.answer !== undefined || session.closed;
      const answer = session.answer as Session['answer'];
      if (session.closed) {
        if (answer !== undefined) seen.lost_answers += 1;
        throw CUT;
      }
      if (answer === undefined || 'error' in answer) throw answer?.error ?? CUT;
      return answer.value as Result;
    },

    /** Cuts a connection. What had not arrived at the server may be lost; what had goes on there. */
    cut: (session: Session) => {
      if (scheduler.random.chance(0.5)) session.request = undefined;
      disconnect(session);
    },
  };
}
