// The table `reconciliations`: when the ledger was last proven to add up, and by whom.

import { auditFigures } from './analytics-audit.ts';
import { auditAccounts } from './audit.ts';
import type { Actor } from './audit-log.ts';
import { type Database, rows } from './connect.ts';

const KEPT_DAYS = 30;

export interface Reconciliation {
  finished_at: string;
  accounts: number;
  differences: number;
  duration_ms: number;
  /** Role and subject of a person, or `worker`, which compares all the time. */
  asked_by: string;
}

export async function saveReconciliation(db: Database, found: Omit<Reconciliation, 'finished_at'>): Promise<void> {
  await rows(db, 'insert into reconciliations (accounts, differences, duration_ms, asked_by) values (?, ?, ?, ?)', [
    found.accounts,
    found.differences,
    found.duration_ms,
    found.asked_by,
  ]);
  await rows(db, `delete from reconciliations where finished_at < clock_timestamp() - interval '${KEPT_DAYS} days'`);
}

export async function lastReconciliation(db: Database): Promise<Reconciliation | null> {
  const [row] = await rows<Reconciliation>(
    db,
    'select finished_at, accounts, differences, duration_ms, asked_by from reconciliations order by id desc limit 1',
  );
  return row ?? null;
}

/** Audits everything and keeps the result. As long as a minute a million accounts; little memory. */
export async function reconcile(db: Database, actor: Actor): Promise<void> {
  const started = performance.now();
  let accounts = 0;
  let differences = 0;
  for await (const page of auditAccounts(db)) {
    accounts += page.accounts;
    differences += page.differences.length;
  }
  differences += (await auditFigures(db)).length;
  const duration_ms = Math.round(performance.now() - started);
  await saveReconciliation(db, { accounts, differences, duration_ms, asked_by: `${actor.role}:${actor.sub}` });
}
