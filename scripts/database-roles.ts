// `npm run database:roles`: runs database-roles.sql where there is no psql, in the database of DATABASE_URL.

import { readFileSync } from 'node:fs';
import { openDatabase } from '@customer-service/store';

const url = process.env.DATABASE_URL;
if (!url) {
  console.error('No database: set DATABASE_URL to one of a superuser, or of an owner who may create roles.');
  process.exit(2);
}

const db = openDatabase({ url, pool_max: 1, application_name: 'roles', statement_timeout_ms: 0 });
try {
  // Several statements sent at once are one transaction.
  await db.raw(readFileSync(new URL('database-roles.sql', import.meta.url), 'utf8'));
} finally {
  await db.destroy();
}
console.log('customer_service_migrator, customer_service_app and customer_service_readonly have what they need');
