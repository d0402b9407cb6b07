// Bugs that a service like this one can have, each as the small change that makes it, and the scenario that must find it.
// Where one line of defence stands behind another, the bug takes both away: what is asked is whether the oracle sees it.

import type { ScenarioName } from './scenarios.ts';
import type { Patch } from './sources.ts';

export interface Mutant {
  name: string;
  /** What is planted, where it isn't the bug to the letter, and why. */
  note?: string;
  scenario: ScenarioName;
  patches: Patch[];
  /** For the schema of the rig's own database. */
  sql?: string;
}

const ACCEPT = 'apps/api/src/loyalty/accept.ts';
const APPLY = 'packages/store/src/apply-pending.ts';
const ACCOUNTS = 'packages/store/src/loyalty-accounts.ts';
const TRANSACTIONS = 'packages/store/src/loyalty-transactions.ts';
const SAVE = 'packages/store/src/save-decisions.ts';
const DECIDE = 'packages/domain/src/apply-transactions.ts';

/** What waits is read before the locks are there, as in a single statement that does both. */
const READS_BEFORE_IT_LOCKS: Patch[] = [
  {
    file: APPLY,
    find: '  const locked = await lockAccounts(tx, customerIds, { busy, idle });\n',
    replace:
      '  const stale = await listPending(tx, customerIds, MAX_ROWS);\n' +
      '  const locked = await lockAccounts(tx, customerIds, { busy, idle });\n',
  },
  {
    file: APPLY,
    find: 'listPending(tx, locked, MAX_ROWS),',
    replace: 'stale.filter((row) => locked.includes(row.customer_id)),',
  },
];

export const mutants: Mutant[] = [
  {
    name: 'a job has the id of its customer',
    scenario: 'a quiet day',
    patches: [
      {
        file: 'packages/runtime/src/queue.ts',
        find: '() => queue.addBulk(toJobs(items))',
        replace:
          '() => queue.addBulk(toJobs(items).map((job) => ({ ...job, opts: { jobId: job.data.transactions[0]?.customer_id } })))',
      },
    ],
  },
  {
    name: 'it rings before the commit',
    scenario: 'a quiet day',
    patches: [
      {
        file: ACCEPT,
        find: '  const accepted = await services.accept.add(newTransaction(movement, request.principal));\n',
        replace:
          '  const row = newTransaction(movement, request.principal);\n' +
          '  services.doorbell.ring(row.type, row);\n' +
          '  const accepted = await services.accept.add(row);\n',
      },
      { file: ACCEPT, find: '  ringFor(decided, services);\n', replace: '' },
    ],
  },
  {
    name: 'it answers 202 before the commit',
    scenario: 'crashes',
    patches: [
      {
        file: ACCEPT,
        find: '  const accepted = await services.accept.add(newTransaction(movement, request.principal));\n',
        replace:
          '  const row = newTransaction(movement, request.principal);\n' +
          '  const promise = services.accept.add(row);\n' +
          '  promise.catch(() => {});\n' +
          "  const early = { transaction: { ...row, status: 'pending', explanation: null } as unknown as LoyaltyTransaction, replayed: false };\n" +
          '  const accepted = wait > 0 ? await promise : early;\n',
      },
    ],
  },
  {
    name: 'one statement locks and reads',
    note: 'As two statements in the wrong order, which see the same: what waits as it was before the lock.',
    scenario: 'a busy day',
    patches: READS_BEFORE_IT_LOCKS,
  },
  {
    name: 'what waits is read without ORDER BY',
    note: 'In a random order, because without one any order is right, and PostgreSQL mostly happens on the wanted one.',
    scenario: 'a backlog',
    patches: [
      {
        file: TRANSACTIONS,
        find: "where status = 'pending' and customer_id = any(?) order by position limit ?`,\n    [customerIds, limit],",
        replace:
          "where status = 'pending' and customer_id = any(?) order by random() limit ?`,\n    [customerIds, limit],",
      },
    ],
  },
  {
    name: 'accounts are locked FOR UPDATE',
    scenario: 'a held account',
    patches: [{ file: ACCOUNTS, find: 'for no key update ${', replace: 'for update ${' }],
  },
  {
    name: 'what was decided is decided again',
    note: 'With stale rows, without the status in the WHERE, without the count of rows and without the trigger: any one of the four stops it.',
    scenario: 'a busy day',
    patches: [
      ...READS_BEFORE_IT_LOCKS,
      { file: SAVE, find: "where t.id = u.id and t.status in ('pending', 'parked')`", replace: 'where t.id = u.id`' },
      { file: SAVE, find: 'if (saved.rowCount !== lines.length) {', replace: 'if (saved.rowCount < 0) {' },
    ],
    sql: 'drop trigger loyalty_transactions_decided_once on loyalty_transactions',
  },
  {
    name: 'nobody sweeps',
    scenario: 'lost rings',
    patches: [
      {
        file: 'apps/worker/src/sweep.ts',
        find: '    if (overdue.length === 0) return false;\n',
        replace: '    if (overdue.length >= 0) return false;\n',
      },
    ],
  },
  {
    name: 'a key has no fingerprint',
    scenario: 'a busy day',
    patches: [
      {
        file: 'packages/store/src/accept-transactions.ts',
        find: 'if (!fingerprint.equals(item.fingerprint))',
        replace: 'if (fingerprint.length !== item.fingerprint.length)',
      },
    ],
  },
  {
    name: 'points are floating-point numbers',
    scenario: 'a busy day',
    patches: [
      {
        file: 'packages/domain/src/purchase.ts',
        find: '    points: Number(points < BigInt(Number.MAX_SAFE_INTEGER) ? points : BigInt(Number.MAX_SAFE_INTEGER)),',
        replace:
          '    points: Number(product) / Number(BigInt(rate.per_minor) * BigInt(ONE_BP) ** 3n) + 0 * Number(points),',
      },
    ],
  },
  {
    name: 'what is refused counts all the same',
    note: 'A redemption of more than there is takes what there is: of more, the constraints of the schema would stop it.',
    scenario: 'a busy day',
    patches: [
      {
        file: 'packages/domain/src/movements.ts',
        find: "  if (points > availablePoints(account)) return { refused: 'insufficient-points', points };\n  account.points_balance -= points;\n  account.lifetime_points_redeemed += points;",
        replace:
          '  const short = points > availablePoints(account);\n' +
          '  if (short) account.lifetime_points_redeemed += availablePoints(account);\n' +
          '  if (short) account.points_balance -= availablePoints(account);\n' +
          "  if (short) return { refused: 'insufficient-points', points };\n" +
          '  account.points_balance -= points;\n  account.lifetime_points_redeemed += points;',
      },
    ],
  },
  {
    name: 'a sequence number is used twice',
    scenario: 'a busy day',
    patches: [
      {
        file: DECIDE,
        find: '  account.sequence += 1;\n  const outcome',
        replace: '  if (refused === null || account.sequence === 0) account.sequence += 1;\n  const outcome',
      },
    ],
  },
  {
    name: 'one that fails fails all of its batch',
    scenario: 'a poisoned account',
    patches: [
      {
        file: APPLY,
        find: '    const half = Math.ceil(unique.length / 2);\n',
        replace:
          '    if (unique.length > 0) return new Map(unique.map((id) => [id, error as Error]));\n    const half = Math.ceil(unique.length / 2);\n',
      },
    ],
  },
  {
    name: 'nobody listens to the errors of idle connections',
    note: 'Knex listens for us; the planted line takes its listener away, as in a pool of our own that has none.',
    scenario: 'idle connections end',
    patches: [
      {
        file: 'packages/store/src/connect.ts',
        find: '            done(null, connection);\n',
        replace: "            connection.removeAllListeners('error');\n            done(null, connection);\n",
      },
    ],
  },
  {
    name: 'accounts are locked without ORDER BY',
    note: 'In a random order, as above. A fifteenth, because the fourteen leave open which ORDER BY is missing.',
    scenario: 'a busy day',
    patches: [
      {
        file: ACCOUNTS,
        find: 'order by customer_id for no key update',
        replace: 'order by random() for no key update',
      },
    ],
  },
  {
    name: 'what is decided by the ledger itself, or refused, makes no event',
    scenario: 'a busy day',
    patches: [
      {
        file: 'packages/store/src/decision-events.ts',
        find: "if (sequence === null || status === 'parked') continue;",
        replace: "if (sequence === null || status !== 'applied' || outcome.id === null) continue;",
      },
    ],
  },
];
