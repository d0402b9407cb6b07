// Whether the service kept its promises: what the clients remember, what PostgreSQL holds, and what the domain and a
// naive ledger that shares no code with it make of the same events. Asked once everything is calm again.

import type { PendingTransaction } from '@customer-service/domain';
import { auditAccounts, auditFigures, type Database, readProgrammes } from '@customer-service/store';
import { decide } from '../../domain/naive-decisions.ts';
import { newModel } from '../../domain/naive-ledger.ts';
import { eventFaults } from '../../helpers/events.ts';
import { until } from '../../helpers/until.ts';
import { type History, isPromised, type Sent } from './history.ts';
import { queueLeaks } from './leaks.ts';
import type { Rig } from './rig.ts';

export interface Verdict {
  /** By invariant: what was found, with an example or two. Empty: every promise was kept. */
  broken: Record<string, string[]>;
  accepted: number;
  lost: number;
  doubled: number;
  negative: number;
  inversions: number;
  waits: Wait[];
  apply_ms: Spread;
}

/** Of one transaction, by the database's clock. */
export interface Wait {
  /** When it was accepted, in ms since the epoch. */
  at: number;
  /** From then to its decision, in ms. */
  ms: number;
}

export interface OracleOptions {
  /** How long a backlog may take once everything runs again. */
  drain_ms?: number;
  /** Customers whose account somebody broke by hand: left out. */
  except?: string[];
}

interface Row {
  id: string;
  customer_id: string;
  idempotency_key: string;
  accepted_from: string;
  position: number;
  type: string;
  status: string;
  points: number;
  balance_after: number;
  sequence: number;
  rejection_code: string | null;
  effect: number;
  held: number;
}

type Report = (invariant: string, text: string) => void;

export async function judge(rig: Rig, history: History, options: OracleOptions = {}): Promise<Verdict> {
  const broken: Record<string, string[]> = {};
  const report: Report = (invariant, text) => {
    broken[invariant] ??= [];
    broken[invariant].push(text);
  };
  const except = options.except ?? [];
  await drained(rig.db, { ...options, except }, report);
  const known = (await readRows(rig.db)).filter(({ customer_id }) => !except.includes(customer_id));
  const rows = known.filter(({ sequence }) => sequence !== null);
  const sent = history.sent.filter(({ customer_id }) => !except.includes(customer_id));

  const found = new Map(known.map((row) => [`${row.customer_id} ${row.idempotency_key}`, row]));
  const rowOf = ({ customer_id, key }: Sent) => found.get(`${customer_id} ${key}`);
  const lost = checkPromises(sent, rowOf, report);
  const doubled = checkFolds(rows, report);
  const negative = rows.filter(({ balance_after }) => balance_after < 0).length;
  if (negative > 0) report('I3', `${negative} lines leave a balance below zero`);
  const inversions = checkOrder(sent, rowOf, report);
  await checkSums(rig.db, except, report);
  await checkRules(rig.db, except, report);
  for (const fault of history.broken) report(/ was .* became /.test(fault) ? 'I8' : 'I9', fault);
  for (const line of [...rig.log.leaks, ...(await queueLeaks(rig))]) report('I13', line);
  await checkEvents(rig.db, except, report);
  await checkQuarantine(rig.db, except, report);
  checkProcesses(rig, except, report);
  for (const [invariant, texts] of Object.entries(broken)) {
    if (texts.length > 5) broken[invariant] = [...texts.slice(0, 5), `… ${texts.length} in all`];
  }
  const accepted = rows.filter(({ accepted_from }) => accepted_from !== 'ledger').length;
  const waits = await readWaits(rig.db);
  const apply_ms = spreadOf(waits.map(({ ms }) => ms));
  return { broken, accepted, lost, doubled, negative, inversions, waits, apply_ms };
}

/** I10: what waits is applied, and soon. */
async function drained(db: Database, { drain_ms = 20_000, except = [] }: OracleOptions, report: Report): Promise<void> {
  const waiting = () =>
    db('loyalty_transactions').where('status', 'pending').whereNotIn('customer_id', except).count('* as count').first();
  await until(async () => Number((await waiting())?.count) === 0, { timeout_ms: drain_ms, every_ms: 50 }).catch(
    async () => report('I10', `${(await waiting())?.count} still wait ${drain_ms} ms after everything runs again`),
  );
}

function readRows(db: Database): Promise<Row[]> {
  // The position as text would be as good: only its order counts.
  return db('loyalty_transactions as t')
    .orderBy(['customer_id', 'sequence'])
    .select(
      ...['id', 'customer_id', 'idempotency_key', 'accepted_from', 'position', 'type', 'status'],
      ...['points', 'balance_after', 'sequence', 'rejection_code'],
      db.raw(`case when status = 'rejected' then 0 when type in ('redeem', 'capture', 'expire') then -points
                   when type = 'earn' then points else 0 end as effect`),
      db.raw(`case when status = 'rejected' then 0 when type = 'hold' then points
                   when type in ('capture', 'release') then -points else 0 end as held`),
    );
}

/** I1, I8 and I9: each promise has one row, under one id, with the outcome that was told. @returns how many have none */
function checkPromises(sent: Sent[], rowOf: (sent: Sent) => Row | undefined, report: Report): number {
  let lost = 0;
  for (const each of sent.filter(isPromised)) {
    const row = rowOf(each);
    const [id, ...others] = each.ids;
    if (row === undefined) {
      lost += 1;
      report('I1', `${each.key} of ${each.customer_id} was promised, and is not there`);
    } else if (others.length > 0 || row.id !== id) {
      report('I9', `${each.key} was told to be ${[...each.ids]}, and is ${row.id}`);
    } else if (row.type !== each.movement.type) {
      report('I9', `${each.key} was sent as ${each.movement.type} and is there as ${row.type}`);
    } else if (
      each.told !== null &&
      (each.told.status !== row.status || each.told.balance_after !== row.balance_after)
    ) {
      report('I8', `${each.key} was ${JSON.stringify(each.told)} and is ${row.status}, ${row.balance_after}`);
    }
  }
  return lost;
}

/** I2, I4, I5, I6, I12: every line again from the first one on. @returns lines that say more or less than they did */
function checkFolds(rows: Row[], report: Report): number {
  let doubled = 0;
  let [customer, balance, held, sequence] = ['', 0, 0, 0];
  for (const row of rows) {
    if (row.customer_id !== customer) [customer, balance, held, sequence] = [row.customer_id, 0, 0, 0];
    sequence += 1;
    const before = balance;
    balance += row.effect;
    const where = `line ${row.sequence} of ${row.customer_id}`;
    if (row.sequence !== sequence) report('I6', `${where} should be line ${sequence}`);
    sequence = row.sequence;
    if (row.balance_after !== balance) {
      doubled += 1;
      report('I5', `${where} leaves ${row.balance_after} where the sum is ${balance}`);
      balance = row.balance_after;
    }
    if (row.rejection_code === 'insufficient-points' && row.points <= before - held) {
      report('I12', `${where} was refused ${row.points} points of ${before - held}`);
    }
    held += row.held;
  }
  return doubled;
}

/** I7: whoever had the promise for one before sending the next finds them in that order. */
function checkOrder(sent: Sent[], rowOf: (sent: Sent) => Row | undefined, report: Report): number {
  const byCustomer = new Map<string, { sent: Sent; row: Row }[]>();
  for (const each of sent) {
    const row = rowOf(each);
    if (row === undefined || row.sequence === null) continue;
    const list = byCustomer.get(each.customer_id) ?? [];
    if (list.length === 0) byCustomer.set(each.customer_id, list);
    list.push({ sent: each, row });
  }
  let inversions = 0;
  for (const list of byCustomer.values()) {
    list.sort((a, b) => b.row.sequence - a.row.sequence);
    // The first promise among those that came later in the ledger.
    let promised = Number.POSITIVE_INFINITY;
    for (const { sent: each, row } of list) {
      if (promised < each.sent_at) {
        inversions += 1;
        report('I7', `${each.key}, line ${row.sequence}, was sent after a later line had been promised`);
      }
      promised = Math.min(promised, each.promised_at ?? Number.POSITIVE_INFINITY);
    }
  }
  return inversions;
}

/** I3 and I4, in SQL. */
async function checkSums(db: Database, except: string[], report: Report): Promise<void> {
  const { rows } = await db.raw(
    `select a.customer_id, a.points_balance, a.sequence, coalesce(t.sum, 0) as sum, coalesce(t.lines, 0) as lines
       from loyalty_accounts a left join (
         select customer_id, count(*) as lines, sum(case when status = 'rejected' then 0
           when type in ('redeem', 'capture', 'expire') then -points when type = 'earn' then points else 0 end) as sum
           from loyalty_transactions where sequence is not null group by customer_id) t using (customer_id)
      where not a.customer_id = any(?)
        and (a.points_balance <> coalesce(t.sum, 0) or a.sequence <> coalesce(t.lines, 0) or a.points_balance < 0)`,
    [except],
  );
  for (const row of rows) report(row.points_balance < 0 ? 'I3' : 'I4', JSON.stringify(row));
}

/** I11: the domain, which also checks the chain of hashes, and a ledger that shares no code with it. */
async function checkRules(db: Database, except: string[], report: Report): Promise<void> {
  for await (const { differences } of auditAccounts(db)) {
    for (const each of differences) if (!except.includes(each.customer_id)) report('I11', JSON.stringify(each));
  }
  if (except.length === 0) {
    const late = async () => (await db('analytics_deltas').count('* as count').first())?.count;
    for (const each of await auditFigures(db)) report('I11', `${JSON.stringify(each)}, ${await late()} not folded`);
  }
  const programmes = await readProgrammes(db);
  const posted = await db<PendingTransaction & Row>('loyalty_transactions')
    .whereNot('status', 'pending')
    .whereNotIn('customer_id', except)
    .orderBy(['customer_id', 'sequence']);
  const customers = new Map<string, (PendingTransaction & Row)[]>();
  for (const row of posted) {
    const list = customers.get(row.customer_id);
    if (list) list.push(row);
    else customers.set(row.customer_id, [row]);
  }
  for (const [customer, lines] of customers) {
    const model = newModel(programmes, 'active');
    for (const line of lines) {
      if (line.accepted_from === 'ledger') continue;
      decide(model, line.type === 'earn' && line.amount_minor !== null ? { ...line, points: null } : line);
    }
    for (const [index, line] of lines.entries()) {
      const own = model.lines[index];
      const [seen, wanted] = [
        [line.type, line.rejection_code, line.points, line.balance_after],
        [own?.type, own?.code, own?.points, own?.balance],
      ].map((values) => JSON.stringify(values));
      if (seen === wanted) continue;
      report('I11', `line ${line.sequence} of ${customer} is ${seen}, and a naive ledger says ${wanted}`);
      break;
    }
  }
}

/** I14: the worker publishes what is left, and then each line has been told once, in order, numbered without a gap. */
async function checkEvents(db: Database, except: string[], report: Report): Promise<void> {
  const left = async () => (await db('outbox').select('id').limit(1)).length === 0;
  await until(left, { timeout_ms: 20_000, every_ms: 50 }).catch(() => report('I14', 'the outbox does not empty'));
  for (const fault of await eventFaults(db)) if (!except.some((id) => fault.includes(id))) report('I14', fault);
}

/** No fault of the world is held against a customer. */
async function checkQuarantine(db: Database, except: string[], report: Report): Promise<void> {
  const held = await db('loyalty_quarantine').whereNotNull('quarantined_at').whereNotIn('customer_id', except);
  for (const { customer_id, fault } of held) report('I10', `${customer_id} is in quarantine: ${fault}`);
}

/** Nobody ends who was not ended, and no fault is logged that is not one of the world's. */
function checkProcesses({ members, log }: Rig, except: string[], report: Report): void {
  for (const member of members) for (const collapse of member.collapses) report('ends', collapse);
  const told = log.errors.filter((line) => !except.some((id) => line.includes(id)));
  for (const line of told) report('errors', line);
}

async function readWaits(db: Database): Promise<Wait[]> {
  const { rows } = await db.raw(
    `select extract(epoch from accepted_at)::float8 * 1000 as at,
            extract(epoch from applied_at - accepted_at)::float8 * 1000 as ms
       from loyalty_transactions where applied_at is not null and accepted_from <> 'ledger'`,
  );
  return rows;
}

/** Rounded, of any number of values; of none all are 0. */
export interface Spread {
  p50: number;
  p99: number;
  max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
