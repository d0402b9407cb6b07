// The oracle: asks PostgreSQL whether every account agrees with its ledger, and analytics with both.

import { auditAccounts, auditFigures } from '@customer-service/store';
import type { Service } from './service.ts';
import { until } from './until.ts';

/** @throws Error that shows the first differences */
export async function balancesAgree(service: Service): Promise<true> {
  for await (const { differences } of auditAccounts(service.database.db)) {
    if (differences.length > 0) throw new Error(JSON.stringify(differences.slice(0, 5)));
  }
  const figures = await auditFigures(service.database.db);
  if (figures.length > 0) throw new Error(JSON.stringify(figures.slice(0, 5)));
  return true;
}

export interface Counts {
  pending: number;
  applied: number;
  rejected: number;
}

export async function countByStatus(service: Service): Promise<Counts> {
  const rows = await service.database.db('loyalty_transactions').select('status').count('* as count').groupBy('status');
  const counts: Counts = { pending: 0, applied: 0, rejected: 0 };
  for (const { status, count } of rows) counts[status as keyof Counts] = Number(count);
  return counts;
}

/** Resolves when nothing is pending any more. */
export function drained(service: Service, timeout_ms = 60_000): Promise<Counts> {
  return until(
    async () => {
      const counts = await countByStatus(service);
      return counts.pending === 0 && counts;
    },
    { what: 'an empty backlog', timeout_ms },
  );
}
