// `reconcile`: proves that every account agrees with its ledger, to the point, and analytics with both.

import { auditAccounts, auditFigures, saveReconciliation } from '@customer-service/store';
import { count, progressBar, type Report } from './report.ts';
import type { Site } from './site.ts';
import { actor } from './who.ts';

const SHOWN = 20;
/** SQLSTATEs of a role, and of a server, that may only read: whoever looks is told, and the ops page is not. */
const READ_ONLY = new Set(['42501', '25006']);

export async function reconcile({ db }: Site): Promise<Report> {
  const total = Number((await db('loyalty_accounts').count({ count: '*' }))[0]?.count);
  const bar = progressBar('accounts');
  const shown: { where: string; field: string; expected: unknown; actual: unknown }[] = [];
  const began = performance.now();
  let accounts = 0;
  let differences = 0;
  try {
    for await (const page of auditAccounts(db)) {
      accounts += page.accounts;
      differences += page.differences.length;
      for (const { customer_id, sequence, field, expected, actual } of page.differences) {
        const line = sequence === null ? 'account' : `transaction ${sequence}`;
        if (shown.length < SHOWN) shown.push({ where: `${customer_id} ${line}`, field, expected, actual });
      }
      bar.show(accounts, Math.max(accounts, total));
    }
  } finally {
    bar.stop();
  }
  for (const { figure, part, day, expected, actual } of await auditFigures(db)) {
    differences += 1;
    if (shown.length < SHOWN) shown.push({ where: `analytics ${figure} ${day}`, field: part, expected, actual });
  }
  const { role, sub } = actor();
  const duration_ms = Math.round(performance.now() - began);
  await saveReconciliation(db, { accounts, differences, duration_ms, asked_by: `${role}:${sub}` }).catch((error) => {
    if (!READ_ONLY.has(error.code)) throw error;
  });
  const lines = shown.map(
    ({ where, field, expected, actual }) => `${where} ${field}: expected ${say(expected)}, actual ${say(actual)}`,
  );
  const summary = `${count(accounts, 'account')} audited, and the figures of analytics: ${count(differences, 'difference')}`;
  return { data: { accounts, differences, shown }, text: [...lines, summary].join('\n'), found: differences > 0 };
}

const say = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
