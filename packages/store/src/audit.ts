// Proves that the ledger adds up: folds each account's transactions again through the domain, and compares every line,
// every figure of the account, and the chain of hashes. Read-only.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type AccountState,
  type Applied,
  applyTransactions,
  EMPTY_STATE,
  type Explanation,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
  PROGRAMME,
  type Programmes,
  type Rules,
  type TierChange,
} from '@customer-service/domain';
import { readOriginalsElsewhere } from './audit-originals.ts';
import { type Database, rows } from './connect.ts';
import { type HashedLine, hashLine } from './ledger-hash.ts';
import { ACCOUNT_FIELDS, type AccountRow } from './loyalty-accounts.ts';
import { PENDING_COLUMNS } from './loyalty-transactions.ts';
import { readProgrammes } from './programmes.ts';
import type { Targets } from './reversal-targets.ts';

export interface AuditDifference {
  customer_id: string;
  /** A column of the account, `lines`, `tier_changes`, or what differs of the line with this `sequence`. */
  field: string;
  sequence: number | null;
  expected: unknown;
  actual: unknown;
}

type StoredLine = PendingTransaction &
  Omit<HashedLine, 'sequence'> & {
    accepted_from: string;
    tier_after: string;
    explanation: Explanation | null;
    /** The explanation as it is stored, character by character. */
    explained: string | null;
    hash: string | null;
  } & ({ sequence: number; balance_after: number } | { sequence: null });

const PAGE = 500;
/** A page ends with the account that has it reach so many lines: memory stays, however long the ledgers are. */
const PAGE_LINES = 2_000;
/** Lines that are folded or compared in one go; whoever shares the process has a turn in between. */
const AT_ONCE = 50;
const OF_A_LINE = ['type', 'status', 'rejection_code', 'points', 'balance_after', 'tier_after', 'explanation'] as const;

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

/** Some accounts, in the order of their ids; `limit` at the most, and fewer where they have many lines. */
export async function auditPage(
  db: Database,
  { after, limit }: { after: string | null; limit: number },
): Promise<AuditPage> {
  const page = await readPage(db, after ?? '00000000-0000-0000-0000-000000000000', limit);
  const differences: AuditDifference[] = [];
  for (const account of page.accounts) {
    const lines = page.lines.get(account.customer_id) ?? [];
    const tier_changes = page.tier_changes.get(account.customer_id) ?? [];
    differences.push(...(await compare(account, { ...page, lines, tier_changes })));
  }
  const last = page.is_last ? null : (page.accounts.at(-1)?.customer_id ?? null);
  return { accounts: page.accounts.length, differences, last };
}

interface Page {
  accounts: AccountRow[];
  is_last: boolean;
  lines: Map<string, StoredLine[]>;
  programmes: Programmes;
  tier_changes: Map<string, TierChange[]>;
  /** Originals that another record of the person had, from before a merge. */
  elsewhere: Targets;
}

/** What a page has of one account. */
interface Kept extends Pick<Page, 'programmes' | 'elsewhere'> {
  lines: StoredLine[];
  tier_changes: TierChange[];
}

/** All tables as of one snapshot, so that a running service makes no difference. */
function readPage(db: Database, after: string, limit: number): Promise<Page> {
  return db.transaction(
    async (tx) => {
      const next = await rows<AccountRow>(
        tx,
        `select a.*, encode(a.ledger_hash, 'hex') as ledger_hash, 'active' as customer_status
           from loyalty_accounts a where customer_id > ? order by customer_id limit ?`,
        [after, limit],
      );
      const accounts = upToLines(next, PAGE_LINES);
      const ids = accounts.map((account) => account.customer_id);
      // In the order in which they were decided; what is parked still comes last, because it changes nothing.
      const stored = await rows<StoredLine>(
        tx,
        `select ${PENDING_COLUMNS}, status, rejection_code, balance_after, tier_after, sequence,
                explanation,
                explanation::text as explained, encode(hash, 'hex') as hash, accepted_from
           from loyalty_transactions where customer_id = any(?) and status <> 'pending'
          order by customer_id, sequence nulls last, position`,
        [ids],
      );
      const changes = await rows<TierChange>(
        tx,
        `select customer_id, sequence, at, from_tier, to_tier, reason from loyalty_tier_changes
          where customer_id = any(?) order by id`,
        [ids],
      );
      const ownerOf = new Map(stored.map((line) => [line.id, line.customer_id]));
      return {
        accounts,
        is_last: accounts.length === next.length && next.length < limit,
        lines: byCustomer(stored),
        tier_changes: byCustomer(changes),
        programmes: await readProgrammes(tx),
        elsewhere: await readOriginalsElsewhere(tx, stored, ownerOf),
      };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

/** The first of them, until together they have so many lines; one at least. */
function upToLines(accounts: AccountRow[], max: number): AccountRow[] {
  let lines = 0;
  return accounts.filter(({ sequence }) => {
    const fits = lines < max;
    lines += sequence;
    return fits;
  });
}

function byCustomer<Row extends { customer_id: string }>(found: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of found) {
    const group = groups.get(row.customer_id);
    if (group === undefined) groups.set(row.customer_id, [row]);
    else group.push(row);
  }
  return groups;
}

async function compare(account: AccountRow, kept: Kept): Promise<AuditDifference[]> {
  const { customer_id } = account;
  const differences: AuditDifference[] = [];
  const differ = (field: string, sequence: number | null, [expected, actual]: [unknown, unknown]) => {
    if (!isDeepStrictEqual(expected, actual)) differences.push({ customer_id, field, sequence, expected, actual });
  };
  const folded = await fold(account, kept);
  const decided = kept.lines.filter((line) => line.sequence !== null);
  const expected = folded.outcomes.filter((outcome) => outcome.sequence !== null);
  differ('lines', null, [expected.length, decided.length]);
  for (const [index, line] of decided.entries()) {
    const outcome = expected[index];
    if (outcome === undefined) continue;
    if (index % AT_ONCE === 0) await nextTurn();
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
  differ('tier_changes', null, [folded.tier_changes, kept.tier_changes]);
  return [...differences, ...(await brokenLinks(account, decided))];
}

/** Where the chain of hashes breaks first, if it does. */
async function brokenLinks(account: AccountRow, decided: readonly StoredLine[]): Promise<AuditDifference[]> {
  const { customer_id } = account;
  let hash: string | null = null;
  for (const [index, line] of decided.entries()) {
    if (index % AT_ONCE === 0) await nextTurn();
    // Lines from before there was a chain have none.
    if (line.sequence === null || (line.hash === null && hash === null)) continue;
    const posted = line.accepted_from === 'ledger' ? undefined : line;
    hash = hashLine(hash, line.id, line, { explanation: line.explained ?? '', posted });
    if (line.hash === hash) continue;
    return [{ customer_id, field: 'hash', sequence: line.sequence, expected: hash, actual: line.hash }];
  }
  const actual = account.ledger_hash;
  return hash === actual ? [] : [{ customer_id, field: 'ledger_hash', sequence: null, expected: hash, actual }];
}

/**
 * What the account should be. A refusal for suspension is taken as it stands, because the status of the customer at
 * that moment is not part of the ledger.
 */
async function fold(account: AccountRow, { lines, programmes, elsewhere }: Kept) {
  let state = emptyAccount(account.customer_id);
  let moment = '';
  const own = new Set(lines.map(({ id }) => id));
  const [outcomes, tier_changes]: [Outcome[], TierChange[]] = [[], []];
  const rules: Rules = { programmes, targets: new Map(elsewhere.get(account.customer_id)), parked: [] };
  const take = (result: Applied) => {
    state = result.account;
    tier_changes.push(...result.tier_changes);
    return result.outcomes;
  };
  for (const [index, line] of lines.entries()) {
    if (index % AT_ONCE === 0) await nextTurn();
    if (line.accepted_from === 'ledger') continue;
    // A refund that had been parked was decided together with its purchase, which is the line before.
    const parked = line.explanation?.parked === true;
    if (!parked) moment = line.accepted_at;
    const customer_status = line.rejection_code === 'customer-suspended' ? 'suspended' : 'active';
    const posted = { ...asPosted(line, own), accepted_at: moment };
    for (const outcome of take(applyTransactions({ ...state, customer_status }, [posted], rules))) {
      if (outcome.id === line.id && parked) outcome.explanation = { ...outcome.explanation, parked };
      if (outcome.id === line.id && isTakenAsRefused(line, own)) {
        outcome.rejection_code = line.rejection_code as Outcome['rejection_code'];
      }
      outcomes.push(outcome);
    }
  }
  const { settled_at } = account.state;
  if (settled_at) {
    outcomes.push(...take(applyTransactions(state, [], { ...rules, settle_at: settled_at })));
    state = { ...state, state: { ...state.state, settled_at } };
  }
  return { account: state, outcomes, tier_changes };
}

const isReversal = ({ type }: StoredLine): boolean => type === 'reverse_earn' || type === 'reverse_redeem';

/** A reversal that was refused and names no line of this account: what it named then can not be told any more. */
const isTakenAsRefused = (line: StoredLine, own: ReadonlySet<string>): boolean =>
  isReversal(line) && line.status === 'rejected' && !own.has(line.terms?.reverses ?? '');

/**
 * The row as it waited: points that the rules gave are theirs to say again. A reversal names what it took back, because
 * an order may have had other purchases since, by a merge, and loses its name when the customer is erased.
 */
function asPosted(line: StoredLine, own: ReadonlySet<string>): PendingTransaction {
  const byRule = (line.type === 'earn' && line.amount_minor !== null) || RULED.has(line.type);
  const points = byRule ? null : line.points;
  if (!isReversal(line)) return { ...line, points };
  if (line.status === 'parked') return { ...line, points, order_id: null };
  const reverses = line.explanation?.reversed?.id ?? (isTakenAsRefused(line, own) ? '' : line.terms?.reverses);
  return { ...line, points, terms: { ...line.terms, ...(reverses !== undefined && { reverses }) } };
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
    last_visit_at: null,
    tier: PROGRAMME.tiers[0].tier,
    sequence: 0,
    settles_at: null,
    state: EMPTY_STATE,
  };
}
