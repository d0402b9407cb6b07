// `quarantine`: customers whose transactions failed again and again, and who are left alone until somebody lets the
// workers try once more. The audit log says who did.

import { listQuarantined, releaseQuarantined } from '@customer-service/store';
import { count, type Report, table, WrongUse } from './report.ts';
import type { Site } from './site.ts';
import { actor } from './who.ts';

export async function quarantineList({ db }: Site): Promise<Report> {
  const quarantined = await listQuarantined(db);
  const lines = quarantined.map((row) => [
    ...[row.customer_id, row.quarantined_at, row.fault, row.failures, row.pending, row.pending_since ?? ''],
  ]);
  const head = ['customer', 'since', 'fault', 'failures', 'waiting', 'waiting since'];
  const shown = lines.length === 0 ? '' : `${table(head, lines)}\n`;
  return {
    data: { quarantined },
    text: `${shown}${count(quarantined.length, 'customer')} in quarantine`,
    found: quarantined.length > 0,
  };
}

export interface ReleaseOptions {
  all?: boolean;
  reason?: string;
}

/** @throws WrongUse unless it is either one customer or `all` */
export async function quarantineRelease(
  { db }: Site,
  customer: string | undefined,
  { all, reason }: ReleaseOptions,
): Promise<Report> {
  if ((customer === undefined) === (all !== true)) throw new WrongUse('Name one customer, or say --all.');
  const wanted = customer === undefined ? (await listQuarantined(db)).map((row) => row.customer_id) : [customer];
  const released: string[] = [];
  for (const id of wanted) if (await releaseQuarantined(db, id, actor(reason))) released.push(id);
  const missing = wanted.filter((id) => !released.includes(id));
  const lines = [...released.map((id) => `${id} released`), ...missing.map((id) => `${id} is not in quarantine`)];
  return {
    data: { released, not_in_quarantine: missing },
    text: lines.join('\n') || 'Nobody is in quarantine.',
    found: missing.length > 0,
  };
}
