// Proves that the ledger adds up: for every account, what its row says against what its transactions say. Read-only.

import { applyTransactions, type LoyaltyAccount, type PendingTransaction, PROGRAMME } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

export interface AuditDifference {
  customer_id: string;
  /** A column of the account, or `balance_after`/`points`/`status` of the transaction with this `sequence`. */
  field: string;
  sequence: number | null;
  expected: string | number | null;
  actual: string | number | null;
}

interface DecidedTransaction extends PendingTransaction {
  status: string;
  rejection_code: string | null;
  balance_after: number;
  sequence: number;
}

const PAGE = 500;
const COUNTERS = [
  'points_balance',
  'lifetime_points_earned',
  'lifetime_points_redeemed',
  'total_spent_minor',
  'visits_count',
  'tier',
  'sequence',
] as const;

/**
 * Folds each account's decided transactions again, in their order, and compares. A refusal for suspension is taken as
 * it stands, because the status of the customer at that moment is not part of the ledger.
 * @returns each page's size and differences as it goes, so that a million accounts need little memory
 */
export async function* auditAccounts(
  db: Database,
): AsyncGenerator<{ accounts: number; differences: AuditDifference[] }> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { accounts, transactions } = await readPage(db, after);
    const last = accounts.at(-1);
    if (last === undefined) return;
    const differences = accounts.flatMap((account) =>
      compare(
        account,
        transactions.filter((row) => row.customer_id === account.customer_id),
      ),
    );
    yield { accounts: accounts.length, differences };
    after = last.customer_id;
  }
}

/** Both tables as of one snapshot, so that a running service makes no difference. */
function readPage(db: Database, after: string) {
  return db.transaction(
    async (tx) => {
      const accounts = await rows<LoyaltyAccount>(
        tx,
        `select a.*, 'active' as customer_status from loyalty_accounts a where customer_id > ? order by customer_id limit ?`,
        [after, PAGE],
      );
      const transactions = await rows<DecidedTransaction>(
        tx,
        `select id, customer_id, type, points, amount_minor, currency, visits, occurred_at, status, rejection_code, balance_after,
                sequence
           from loyalty_transactions where customer_id = any(?) and status <> 'pending' order by customer_id, sequence`,
        [accounts.map((account) => account.customer_id)],
      );
      return { accounts, transactions };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

function compare(account: LoyaltyAccount, transactions: DecidedTransaction[]): AuditDifference[] {
  const differences: AuditDifference[] = [];
  const differ = (
    field: string,
    values: { expected: string | number | null; actual: string | number | null },
    sequence: number | null,
  ) => {
    if (values.expected !== values.actual)
      differences.push({ customer_id: account.customer_id, field, sequence, ...values });
  };
  let state = emptyAccount(account.customer_id);
  for (const transaction of transactions) {
    const customer_status = transaction.rejection_code === 'customer-suspended' ? 'suspended' : 'active';
    // Points of an earn by amount are the rule's to say again.
    const points = transaction.type === 'earn' && transaction.amount_minor !== null ? null : transaction.points;
    const result = applyTransactions({ ...state, customer_status }, [{ ...transaction, points }], PROGRAMME);
    state = result.account;
    const [outcome] = result.outcomes;
    if (outcome === undefined) continue;
    for (const field of ['status', 'rejection_code', 'points', 'balance_after', 'sequence'] as const) {
      differ(field, { expected: outcome[field], actual: transaction[field] }, transaction.sequence);
    }
  }
  for (const field of COUNTERS) differ(field, { expected: state[field], actual: account[field] }, null);
  // The visits of a customer that was merged into this one are in that one's ledger.
  if (transactions.every(({ type }) => type !== 'transfer_in')) {
    differ('last_visit_at', { expected: state.last_visit_at, actual: account.last_visit_at }, null);
  }
  return differences;
}

function emptyAccount(customerId: string): LoyaltyAccount {
  return {
    customer_id: customerId,
    customer_status: 'active',
    points_balance: 0,
    lifetime_points_earned: 0,
    lifetime_points_redeemed: 0,
    total_spent_minor: 0,
    visits_count: 0,
    last_visit_at: null,
    tier: PROGRAMME.tiers[0].tier,
    sequence: 0,
  };
}
