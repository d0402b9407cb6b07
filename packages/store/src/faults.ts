// Tells the faults of PostgreSQL and of the way to it from everything else that can go wrong in a query.
// Knows no tables and no HTTP.

interface QueryError {
  code?: string;
  message?: string;
  name?: string;
}

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN']);
/** Disk full, too many clients, read-only, statement and lock timeouts, deadlock, serialisation, shutting down. */
const PASSING = new Set([
  '53100',
  '53200',
  '53300',
  '25006',
  '57014',
  '55P03',
  '40001',
  '40P01',
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '25P03',
]);
const NOTHING_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', '53300', '57P03']);
const CUT =
  /Connection terminated|Connection ended|Query read timeout|timeout expired|Client has encountered a connection error/;

/** The pool has been closed, because this process ends: nothing was sent. */
const CLOSED = /Unable to acquire a connection|^aborted$/;
/** What knex says of a transaction that had ended before the query came to it. */
const ENDED = /Transaction query already complete/;

/** The connection broke with the statement under way: whether it was committed is not known. */
export function isConnectionFault(error: unknown): boolean {
  const { code = '', message = '' } = error as QueryError;
  return NETWORK.has(code) || code.startsWith('08') || /^57P0[1-3]$/.test(code) || CUT.test(message);
}

/** PostgreSQL was not there, or not able, for now: the same request may succeed later. */
export function isStorageFault(error: unknown): boolean {
  const { code = '' } = error as QueryError;
  return isConnectionFault(error) || isUnreachable(error) || PASSING.has(code);
}

/** Nothing was sent: no connection could be had. */
export function isUnreachable(error: unknown): boolean {
  const { code = '', name = '', message = '' } = error as QueryError;
  return (
    name === 'KnexTimeoutError' || NOTHING_SENT.has(code) || /timeout expired/.test(message) || CLOSED.test(message)
  );
}

/** PostgreSQL can not work for anybody now: no connection, read-only, full. What one lock or one statement ran into is not that. */
export function isOutage(error: unknown): boolean {
  const { code = '' } = error as QueryError;
  return isStorageFault(error) && !['57014', '55P03', '40001', '40P01'].includes(code);
}

/** Two statements waited for each other, and this one was chosen to give way: the same again may succeed. */
export function isDeadlock(error: unknown): boolean {
  return (error as QueryError).code === '40P01';
}

export function isLockTimeout(error: unknown): boolean {
  return (error as QueryError).code === '55P03';
}

/**
 * A fault of the rows that were worked on, or of our code when it met them: the same again fails again. Of what
 * PostgreSQL reports only values and rules that were broken; a missing table or a full disk is no customer's fault.
 */
export function isPoison(error: unknown): boolean {
  if (isStorageFault(error) || ENDED.test((error as QueryError).message ?? '')) return false;
  return !('severity' in (error as object)) || isDataFault(error);
}

/** PostgreSQL can't store or compare a value as it was given (SQLSTATE class 22). */
export function isValueFault(error: unknown): boolean {
  return /^22/.test((error as QueryError).code ?? '');
}

/** PostgreSQL refused the values themselves (SQLSTATE classes 22 and 23): the same rows fail again. */
export function isDataFault(error: unknown): boolean {
  return /^2[23]/.test((error as QueryError).code ?? '');
}
