// What must hold when a schedule has come to rest, whatever happened in it. Asked of the rows, of what the tills were
// told, and of the rules, which decide everything once more.

import { applyTransactions, PROGRAMME } from '@customer-service/domain';
import { newAccount, type Run, type Told } from './service.ts';
import type { AccountRow, Row } from './store.ts';

/** @returns a sentence for each promise that was broken */
export function verdict(run: Run): string[] {
  const rows = [...run.store.committed.rows.values()];
  return [
    ...run.alarms,
    ...(run.store.seen.deadlocks > 0 ? [`${run.store.seen.deadlocks} deadlocks`] : []),
    ...run.delayed.map((customer) => `delayed: ${customer}, by somebody else's fault or for ever`),
    ...run.told.flatMap((told) => keptWord(told, run, rows)),
    ...rows.filter((row) => row.outcome === null).map((row) => `stranded: ${row.idempotency_key}`),
    ...[...run.store.decisions].filter(([, times]) => times > 1).map(([id]) => `doubled: ${id} decided twice`),
    ...inversions(run, rows),
    ...run.customers.flatMap((customer) => addsUp(customer, run, rows)),
  ];
}

/** A key is the till's own: what it begins with. */
const isOf = (row: Row, { sale }: Told) => row.idempotency_key.split(' ')[0] === sale.idempotency_key;

function keptWord(told: Told, run: Run, rows: readonly Row[]): string[] {
  const mine = rows.filter((row) => isOf(row, told));
  const name = told.sale.idempotency_key;
  if (mine.length > 1) return [`doubled: ${name} has ${mine.length} rows`];
  if (told.answer === undefined) return mine.length === 0 ? [`unsaid: ${name} was never answered`] : [];
  if (told.answer === 'customer-not-found') {
    const open = run.store.committed.accounts.get(told.sale.customer_id)?.closed_after === null;
    return open || mine.length > 0 ? [`refused: ${name}, and yet it is there`] : [];
  }
  const [row] = mine;
  if (row === undefined) return [`lost: ${name} was accepted and has no row`];
  return row.id === told.answer.id ? [] : [`another: ${name} was answered with an id that is not its row's`];
}

/** Who waited for an answer before sending the next is applied in that order. */
function inversions({ told }: Run, rows: readonly Row[]): string[] {
  const sequenceOf = (each: Told) => rows.find((row) => isOf(row, each))?.outcome?.sequence;
  return told.flatMap((first) =>
    told
      .filter((second) => second.sale.customer_id === first.sale.customer_id)
      .filter((second) => first.answered_at !== undefined && first.answered_at <= second.sent_at)
      .filter((second) => (sequenceOf(first) ?? 0) > (sequenceOf(second) ?? Number.POSITIVE_INFINITY))
      .map((second) => `order: ${second.sale.idempotency_key} was applied before ${first.sale.idempotency_key}`),
  );
}

function addsUp(customer: string, run: Run, rows: readonly Row[]): string[] {
  const { account, closed_after } = run.store.committed.accounts.get(customer) as AccountRow;
  const ledger = rows
    .filter((row) => row.customer_id === customer && row.outcome !== null)
    .sort((a, b) => (a.outcome?.sequence ?? 0) - (b.outcome?.sequence ?? 0));
  const again = applyTransactions(newAccount(customer), ledger, { programmes: [PROGRAMME] });
  const broken: string[] = [];
  if (closed_after !== null && account.sequence > closed_after) broken.push(`after the end: ${customer} was closed`);
  if (account.points_balance < 0) broken.push(`negative: ${customer} has ${account.points_balance}`);
  if (ledger.some((row, index) => row.outcome?.sequence !== index + 1)) broken.push(`gap: the sequence of ${customer}`);
  for (const [index, outcome] of again.outcomes.entries()) {
    const row = ledger[index]?.outcome;
    if (outcome.status !== row?.status || outcome.points !== row.points || outcome.balance_after !== row.balance_after)
      broken.push(`fold: line ${index + 1} of ${customer} is not what the rules say`);
  }
  if (again.account.points_balance !== account.points_balance) broken.push(`sum: ${customer} and its ledger differ`);
  return broken;
}
