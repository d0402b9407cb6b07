// The table test_clock: lets whoever tests travel in time. Empty, as it always is in production, the ledger's clock is
// the database's own. Only the ledger looks at it: tokens and logs keep the real time.

import { DomainError } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';
import { ledgerNow } from './programmes.ts';

/**
 * Sets the ledger's clock, which goes on from there.
 * @throws DomainError `value-refused` when something was accepted later than that: its history would run backwards
 */
export function setTestClock(db: Database, now: string): Promise<string> {
  return db.transaction(async (tx) => {
    await tx.raw('lock table test_clock in exclusive mode');
    const later = await rows(tx, 'select from loyalty_transactions where accepted_at > ? limit 1', [now]);
    if (later.length > 0) {
      const errors = [{ pointer: '/now', code: 'out-of-range', detail: 'is before something that was accepted' }];
      throw new DomainError('value-refused', 'The clock can not go back behind the ledger.', errors);
    }
    await tx.raw(
      `insert into test_clock (ahead_by) values (?::timestamptz - clock_timestamp())
       on conflict (id) do update set ahead_by = excluded.ahead_by`,
      [now],
    );
    return ledgerNow(tx);
  });
}
