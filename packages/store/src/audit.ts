// Proves that the ledger adds up: folds each account's transactions again through the domain, and compares every line,
// every figure of the account, and the chain of hashes. Read-only.

import { isDeepStrictEqual } from 'node:util';
import {
  type AccountState,
  applyTransactions,
  EMPTY_STATE,
  type Explanation,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
  PROGRAMME,
  type Programmes,
  type ReversalTarget,
  type Rules,
} from '@customer-service/domain';
import { type Database, rows } from './connect.ts';
import { type HashedLine, hashLine } from './ledger-hash.ts';
import { ACCOUNT_FIELDS, type AccountRow } from './loyalty-accounts.ts';
import { PENDING_COLUMNS } from './loyalty-transactions.ts';
import { readProgrammes } from './programmes.ts';
import { readTargets } from './reversal-targets.ts';

export interface AuditDifference {
  customer_id: string;
  /** A column of the account, `lines`, or what differs of the line with this `sequence`. */
  field: string;
  sequence: number | null;
  expected: unknown;
  actual: unknown;
}

type StoredLine = PendingTransaction &
  HashedLine & {
    sequence: number;
    explanation: Explanation | null;
    explained: string | null;
    rejection_code: string | null;
    accepted_from: string;
    hash: string | null;
  };

const PAGE = 500;
const OF_A_LINE = ['type', 'status', 'rejection_code', 'points', 'balance_after', 'explanation'] as const;

/** @returns each page's size and differences as it goes, so that a million accounts need little memory */
export async function* auditAccounts(
  db: Database,
): AsyncGenerator<{ accounts: number; differences: AuditDifference[] }> {
  let after: string | null = null;
  do {
    const page: AuditPage = await auditPage(db, { after, limit: PAGE });
    if (page.accounts > 0) yield page;
    after = page.last;
  } while (after !== null);
}

export interface AuditPage {
  accounts: number;
  differences: AuditDifference[];
  /** After which the next page begins; null: there is none. */
  last: string | null;
}

/** Some accounts, in the order of their ids. */
export async function auditPage(
  db: Database,
  { after, limit }: { after: string | null; limit: number },
): Promise<AuditPage> {
  const page = await readPage(db, after ?? '00000000-0000-0000-0000-000000000000', limit);
  const differences = page.accounts.flatMap((account) =>
    compare(account, { ...page, lines: page.lines.get(account.customer_id) ?? [] }),
  );
  const last = page.accounts.length < limit ? null : (page.accounts.at(-1)?.customer_id ?? null);
  return { accounts: page.accounts.length, differences, last };
}

interface Page {
  accounts: AccountRow[];
  lines: Map<string, StoredLine[]>;
  programmes: Programmes;
  /** Originals that another record of the person had, from before a merge. */
  elsewhere: Map<string, ReversalTarget>;
}

/** All tables as of one snapshot, so that a running service makes no difference. */
function readPage(db: Database, after: string, limit: number): Promise<Page> {
  return db.transaction(
    async (tx) => {
      const accounts = await rows<AccountRow>(
        tx,
        `select a.*, encode(a.ledger_hash, 'hex') as ledger_hash, 'active' as customer_status from loyalty_accounts a where customer_id > ? order by customer_id limit ?`,
        [after, limit],
      );
      const stored = await rows<StoredLine>(
        tx,
        `select ${PENDING_COLUMNS}, status, rejection_code, balance_after, sequence, explanation,
                explanation::text as explained, encode(hash, 'hex') as hash,
                accepted_from
           from loyalty_transactions where customer_id = any(?) and status <> 'pending' order by customer_id, position`,
        [accounts.map((account) => account.customer_id)],
      );
      const lines = new Map<string, StoredLine[]>();
      for (const line of stored) lines.set(line.customer_id, [...(lines.get(line.customer_id) ?? []), line]);
      const owners = new Map(stored.map((line) => [line.id, line.customer_id]));
      const reversals = stored.filter(({ explanation, customer_id }) => {
        return explanation?.reversed && owners.get(explanation.reversed.id) !== customer_id;
      });
      const ids = reversals.map((line) => line.explanation?.reversed?.id as string);
      const elsewhere = ids.length === 0 ? new Map() : await readTargets(tx, ids, []);
      // What this account itself took back of them is not yet taken back where its fold begins.
      for (const { explanation } of reversals) {
        const target = elsewhere.get(explanation?.reversed?.id as string);
        if (target === undefined || !explanation?.reversed) continue;
        target.reversed_points -= explanation.reversed.points;
        target.reversed_amount_minor -= explanation.reversed.amount_minor;
      }
      return { accounts, lines, programmes: await readProgrammes(tx), elsewhere };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

function compare(account: AccountRow, page: Omit<Page, 'lines'> & { lines: StoredLine[] }): AuditDifference[] {
  const { customer_id } = account;
  const differences: AuditDifference[] = [];
  const differ = (field: string, sequence: number | null, [expected, actual]: [unknown, unknown]) => {
    if (!isDeepStrictEqual(expected, actual)) differences.push({ customer_id, field, sequence, expected, actual });
  };
  const folded = fold(account, page);
  const decided = page.lines.filter((line) => line.sequence !== null).sort((a, b) => a.sequence - b.sequence);
  const expected = folded.outcomes.filter((outcome) => outcome.sequence !== null);
  differ('lines', null, [expected.length, decided.length]);
  for (const [index, line] of decided.entries()) {
    const outcome = expected[index];
    if (outcome === undefined) continue;
    differ('sequence', line.sequence, [outcome.sequence, line.sequence]);
    if (outcome.id !== null) differ('id', line.sequence, [outcome.id, line.id]);
    for (const field of OF_A_LINE) differ(field, line.sequence, [outcome[field], line[field]]);
  }
  for (const field of ACCOUNT_FIELDS.filter((name) => name !== 'state'))
    differ(field, null, [folded.account[field], account[field]]);
  const state: AccountState = { ...EMPTY_STATE, ...account.state };
  for (const field of Object.keys(EMPTY_STATE) as (keyof AccountState)[]) {
    differ(`state.${field}`, null, [folded.account.state[field], state[field]]);
  }
  let hash: string | null = null;
  for (const line of decided) {
    // Lines from before there was a chain have none.
    if (line.hash === null && hash === null) continue;
    hash = hashLine(hash, line.id, line, { explanation: line.explained ?? '', purchase: line });
    if (line.hash !== hash) {
      differ('hash', line.sequence, [hash, line.hash]);
      return differences;
    }
  }
  differ('ledger_hash', null, [hash, account.ledger_hash]);
  return differences;
}

/**
 * What the account should be. A refusal for suspension is taken as it stands, because the status of the customer at
 * that moment is not part of the ledger.
 */
function fold(account: AccountRow, page: Omit<Page, 'lines'> & { lines: StoredLine[] }) {
  let state = emptyAccount(account.customer_id);
  const outcomes: Outcome[] = [];
  const rules: Rules = { programmes: page.programmes, targets: new Map(page.elsewhere), parked: [] };
  for (const line of page.lines) {
    if (line.accepted_from === 'ledger') continue;
    const customer_status = line.rejection_code === 'customer-suspended' ? 'suspended' : 'active';
    const result = applyTransactions({ ...state, customer_status }, [asPosted(line)], rules);
    state = result.account;
    outcomes.push(...result.outcomes);
  }
  const { settled_at } = account.state;
  if (settled_at) {
    const result = applyTransactions(state, [], { ...rules, settle_at: settled_at });
    outcomes.push(...result.outcomes);
    state = { ...result.account, state: { ...result.account.state, settled_at } };
  }
  return { account: state, outcomes };
}

/** The row as it waited: points that the rules gave are theirs to say again. */
function asPosted(line: StoredLine): PendingTransaction {
  const byRule = (line.type === 'earn' && line.amount_minor !== null) || RULED.has(line.type);
  const points = line.type === 'capture' ? line.points : byRule ? null : line.points;
  return { ...line, points };
}

const RULED = new Set<string>(['release', 'reverse_earn', 'reverse_redeem']);

function emptyAccount(customerId: string): LoyaltyAccount {
  return {
    customer_id: customerId,
    customer_status: 'active',
    points_balance: 0,
    points_held: 0,
    lifetime_points_earned: 0,
    lifetime_points_redeemed: 0,
    lifetime_points_expired: 0,
    lifetime_points_adjusted: 0,
    total_spent_minor: 0,
    visits_count: 0,
    tier: PROGRAMME.tiers[0].tier,
    sequence: 0,
    settles_at: null,
    state: EMPTY_STATE,
  };
}
