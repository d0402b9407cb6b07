// Proves that every account agrees with its ledger, to the point, and analytics with both: `npm run audit`. Exit code 0,
// or 1 on a difference.
// Reads DATABASE_URL, or asks the service that `npm start` runs here.

import { auditAccounts, auditFigures, openDatabase } from '@customer-service/store';
import { readLocal } from './local.ts';

const SHOWN = 20;

const url = process.env.DATABASE_URL || readLocal()?.database_url;
if (url === undefined) {
  console.error('No database to audit: set DATABASE_URL, or start the embedded one with `npm start`.');
  process.exit(2);
}

const db = openDatabase({ url, pool_max: 2, application_name: 'audit', statement_timeout_ms: 0 });
let accounts = 0;
let differences = 0;
try {
  for await (const page of auditAccounts(db)) {
    accounts += page.accounts;
    for (const { customer_id, field, sequence, expected, actual } of page.differences) {
      differences += 1;
      if (differences > SHOWN) continue;
      const where = sequence === null ? 'account' : `transaction ${sequence}`;
      console.log(`${customer_id} ${where} ${field}: expected ${expected}, actual ${actual}`);
    }
  }
  for (const { figure, part, day, expected, actual } of await auditFigures(db)) {
    differences += 1;
    if (differences <= SHOWN) console.log(`analytics ${figure} ${day} ${part}: expected ${expected}, actual ${actual}`);
  }
} finally {
  await db.destroy();
}
console.log(`${accounts} accounts audited, and the figures of analytics: ${differences} differences`);
process.exitCode = differences === 0 ? 0 : 1;
