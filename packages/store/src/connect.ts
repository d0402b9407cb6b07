// Opens the pools to PostgreSQL, with the time limits that keep a fault from becoming a hang.
// Knows no tables.

import knex, { type Knex } from 'knex';
import pg from 'pg';

/** A pool, or a transaction on it: what every function of this package takes first. */
export type Database = Knex;

export interface DatabaseOptions {
  url: string;
  pool_max: number;
  /** Connections kept even when idle. */
  pool_min?: number;
  /** Shown in pg_stat_activity. */
  application_name: string;
  /** 0 for migrations, which may take as long as they need. */
  statement_timeout_ms?: number;
  /** How long a statement waits for a lock. */
  lock_timeout_ms?: number;
  /** How long plans of what is prepared by name are kept. */
  plans_kept_ms?: number;
}

const ACQUIRE_TIMEOUT_MS = 1_000;
const STATEMENT_TIMEOUT_MS = 2_500;
const LOCK_TIMEOUT_MS = 1_500;
/** Between two statements there is only our own code: who has nothing to say for so long is frozen or cut off. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 1_000;
const PLANS_KEPT_MS = 5_000;
/** The server's own limit speaks first; what comes on top is for a server that no longer answers at all. */
const SILENCE_MS = 500;

/** Makes a pool; nothing connects before the first query. The caller closes it with `destroy()`. */
export function openDatabase(options: DatabaseOptions): Database {
  const statementTimeout = options.statement_timeout_ms ?? STATEMENT_TIMEOUT_MS;
  const query_timeout = statementTimeout > 0 ? statementTimeout + SILENCE_MS : undefined;
  return knex({
    client: 'pg',
    connection: {
      connectionString: options.url,
      application_name: options.application_name,
      connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
      ...(query_timeout !== undefined && { query_timeout }),
      keepAlive: true,
      // What is asked for at once is sent at once: one way there and back for all of it. knex's types don't know of it.
      ...{ pipeline: true },
      types: TYPES,
    },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    // An error's message has the statement with its placeholders, never with the values.
    compileSqlOnError: false,
    pool: {
      min: options.pool_min ?? 0,
      max: options.pool_max,
      // Set here and not as startup parameters, which a pooler in transaction mode refuses.
      afterCreate: (connection: pg.Client, done: (error: Error | null, connection: pg.Client) => void) => {
        // A page of an index or a table costs much the same wherever it lies: no disk has an arm to move any more.
        const settings =
          `set statement_timeout = ${statementTimeout}; set lock_timeout = ${options.lock_timeout_ms ?? LOCK_TIMEOUT_MS};` +
          `set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_TIMEOUT_MS}; set timezone = 'UTC';` +
          `set random_page_cost = 1.1;` +
          `set default_transaction_isolation = 'read committed'; select pg_backend_pid() as pid`;
        (connection.query(settings) as unknown as Promise<pg.QueryResult<{ pid: number }>[]>).then(
          (results) => {
            const pooled = results.at(-1)?.rows[0]?.pid !== processOf(connection);
            watchQueries(connection, { pooled, query_timeout, plans_kept_ms: options.plans_kept_ms ?? PLANS_KEPT_MS });
            done(null, connection);
          },
          (error: Error) => done(error, connection),
        );
      },
    },
    // A lost connection is reported by whoever was using it; knex would print it besides.
    log: { warn() {}, error() {}, debug() {}, deprecate() {} },
  });
}

/** A write was refused because the server is a standby. */
const READ_ONLY = '25006';

/** As the server announced it when it was connected to. A pooler announces one of its own. */
const processOf = (connection: pg.Client) => (connection as unknown as { processID: number }).processID;

interface Watching {
  pooled: boolean;
  query_timeout: number | undefined;
  plans_kept_ms: number;
}

/**
 * Behind a pooler, which gives each transaction another connection of its own, nothing is prepared by name. Otherwise what
 * is prepared is planned anew from time to time: PostgreSQL keeps a plan until it analyzes the table, and one from when the
 * ledger was nearly empty reads all of it, for every run, while it grows.
 *
 * A query that is sent behind others may take as long as all of them: PostgreSQL begins with it when they are done.
 *
 * A connection that let a query time out may be gone without a word, and one to a server that has become a standby leads
 * to the wrong one. pg would keep it and the pool hand it out again: so its socket is destroyed, and the pool told at once.
 */
function watchQueries(connection: pg.Client, { pooled, query_timeout, plans_kept_ms }: Watching): void {
  type Done = (error: Error | null, result: unknown) => void;
  const query = connection.query.bind(connection) as (...given: unknown[]) => unknown;
  const { stream } = (connection as unknown as { connection: { stream: { destroy(): void } } }).connection;
  let planned_at = performance.now();
  let under_way = 0;
  const watched = (asked: { name?: string }, done: Done): unknown => {
    under_way += 1;
    const limit = query_timeout !== undefined && { query_timeout: query_timeout * under_way };
    const config = { ...asked, ...(pooled && { name: undefined }), ...limit };
    const answered: Done = (error, result) => {
      under_way -= 1;
      if (error?.message === 'Query read timeout' || (error as { code?: string } | null)?.code === READ_ONLY) {
        stream.destroy();
        connection.emit('error', error);
      }
      done(error, result);
    };
    if (config.name !== undefined && performance.now() >= planned_at + plans_kept_ms) {
      planned_at = performance.now();
      // Whatever becomes of it becomes of the query, which is sent right behind it.
      query({ text: 'discard plans', ...limit }, () => {});
    }
    return query(config, answered);
  };
  connection.query = watched as typeof connection.query;
}

export interface PoolUsage {
  used: number;
  free: number;
  /** Queries that wait for a connection. */
  waiting: number;
  max: number;
}

/** How busy the connections of this process are, now. */
export function poolUsage(db: Database): PoolUsage {
  const { pool } = db.client as {
    pool: Record<'numUsed' | 'numFree' | 'numPendingAcquires', () => number> & { max: number };
  };
  return { used: pool.numUsed(), free: pool.numFree(), waiting: pool.numPendingAcquires(), max: pool.max };
}

/** Runs one statement with `?` placeholders and gives its rows. */
export async function rows<Row>(db: Database, sql: string, bindings: readonly unknown[] = []): Promise<Row[]> {
  const result = await db.raw<{ rows: Row[] }>(sql, bindings as never);
  return result.rows;
}

/**
 * The same, parsed and planned once a connection instead of each time, which for one transaction takes PostgreSQL longer
 * than to run it. For the statements by which points move.
 * @param name the same for the same text, and for no other
 */
export async function prepared<Row>(
  db: Database,
  name: string,
  sql: string,
  bindings: readonly unknown[] = [],
): Promise<{ rows: Row[]; rowCount: number }> {
  return db.raw(sql, bindings as never).options({ name });
}

/** A statement came behind one that had failed, in the same transaction. */
const ABORTED = '25P02';

/**
 * Waits for queries that were sent at once, in order.
 * @throws what the one that failed was refused for. PostgreSQL refuses all that come behind it as well, and says of them
 *   only that; which of the refusals is heard first is chance
 */
export async function together<Queries extends readonly unknown[] | []>(
  queries: Queries,
): Promise<{ -readonly [Place in keyof Queries]: Awaited<Queries[Place]> }> {
  const ends = await Promise.allSettled(queries);
  const refusals = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  if (refusals.length > 0) throw refusals.find(({ code }) => code !== ABORTED) ?? refusals[0];
  return ends.map((end) => (end as PromiseFulfilledResult<unknown>).value) as never;
}

/**
 * An array parameter of values that need no escaping: numbers, ids, codes, moments, hexadecimal. pg looks at every
 * element of an array for quotes, which for thousands of them takes longer than the statement.
 */
export function plainArray(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** Whether PostgreSQL answers now, within the pool's time limits. */
export async function databaseAnswers(db: Database): Promise<boolean> {
  return rows(db, 'select 1').then(
    () => true,
    () => false,
  );
}

const { builtins } = pg.types;

/** int8 as an exact number or an error, dates as written, timestamps as RFC 3339 UTC strings. */
const PARSERS: Record<number, (text: string) => unknown> = {
  [builtins.INT8]: exactNumber,
  [builtins.NUMERIC]: exactNumber,
  [builtins.DATE]: (text) => text,
  [builtins.TIMESTAMPTZ]: moment,
};

/** `2026-01-02 03:04:05.678901+00`, as PostgreSQL writes it, to the millisecond. By hand: rows have three and more. */
function moment(text: string): string {
  const fraction = text.length > 22 ? text.slice(20, -3) : '';
  const ms = fraction.length >= 3 ? fraction.slice(0, 3) : fraction.padEnd(3, '0');
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${ms}Z`;
}

const TYPES = {
  getTypeParser: (oid: number, format?: string) => PARSERS[oid] ?? pg.types.getTypeParser(oid, format as 'text'),
};

function exactNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new RangeError(`${text} is not an exact number`);
  return value;
}
