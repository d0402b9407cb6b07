// `npm run seed:large -- --customers 1000000`: a large shop to look at, made by PostgreSQL itself. For DATABASE_URL, or
// for the data of `npm start`, running or not. What it makes holds to every rule: `npm run audit` agrees.

import { mkdirSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Database, migrate, openDatabase } from '@customer-service/store';
import { defaultDataDir, startPostgres } from './embedded-postgres.ts';
import { progressBar } from './replay.ts';
import { SEED_STEPS } from './seed-people.ts';
import { findRegulars, regularSteps } from './seed-regulars.ts';

/** Customers of one statement. */
const AT_ONCE = 50_000;
const GUARDED = ['customers', 'loyalty_accounts', 'loyalty_transactions'];
const FILLED = [...GUARDED, 'name_words', 'analytics_counts', 'analytics_customers'];

export interface Seeded {
  customers: number;
  /** How many lines the ledger is to have, or a few more; each customer has some two in any case. */
  lines?: number | undefined;
  report?: ((progress: { phase: string; done: number; total: number }) => void) | undefined;
}

/** All of them or none. @throws Error when the database has been seeded before: nobody can be made twice */
export async function seedLarge(url: string, wanted: Seeded): Promise<void> {
  await migrate(url);
  const db = openDatabase({ url, pool_max: 1, application_name: 'seed', statement_timeout_ms: 0 });
  try {
    const [seeded] = await db('customers').select('id').where('external_id', 'seed-1');
    if (seeded !== undefined) throw new Error('This database has been seeded before. Take an empty one.');
    await db.transaction((tx) => seed(tx, wanted));
    for (const table of FILLED) await db.raw(`vacuum analyze ${table}`);
  } finally {
    await db.destroy();
  }
}

/**
 * The ledger lets nobody write a decided row: its triggers are off until the transaction ends, and nobody else can write
 * meanwhile. Indexes of words and letters are built at the end, in a tenth of the time.
 */
async function seed(tx: Database, { customers, lines = 0, report }: Seeded): Promise<void> {
  await tx.raw("set local work_mem = '256MB'; set local maintenance_work_mem = '512MB'; select setseed(0.5)");
  for (const table of GUARDED) await tx.raw(`alter table ${table} disable trigger user`);
  const indexes: { name: string; definition: string }[] = await tx('pg_indexes')
    .select({ name: 'indexname', definition: 'indexdef' })
    .where({ tablename: 'customers' })
    .whereRaw("schemaname = current_schema() and indexdef ilike '% using gin %'");
  for (const { name } of indexes) await tx.raw('drop index ??', [name]);
  for (let first = 1; first <= customers; first += AT_ONCE) {
    const last = Math.min(first + AT_ONCE - 1, customers);
    for (const [step, sql] of SEED_STEPS.entries()) await tx.raw(sql, step === 0 ? [customers, first, last] : []);
    report?.({ phase: 'customers', done: last, total: customers });
  }
  await seedLines(tx, { customers, lines, report });
  for (const { definition } of indexes) await tx.raw(definition);
  for (const table of GUARDED) await tx.raw(`alter table ${table} enable trigger user`);
  await tx.raw('select rebuild_analytics()');
}

async function seedLines(tx: Database, { customers, lines = 0, report }: Seeded): Promise<void> {
  const [seeded] = await tx('loyalty_transactions').count({ lines: '*' });
  const missing = lines - Number(seeded?.lines);
  if (missing <= 0) return;
  const [sql, bindings] = findRegulars(customers, missing);
  const { rowCount: regulars } = await tx.raw<{ rowCount: number }>(sql, bindings as never);
  if (regulars === 0) throw new Error('Too few customers for so long a ledger.');
  const steps = [...regularSteps(regulars, missing)];
  for (const [done, [step, given]] of steps.entries()) {
    await tx.raw(step, given);
    report?.({ phase: 'lines', done: Math.round((missing * (done + 1)) / steps.length), total: missing });
  }
}

async function main(args: string[]): Promise<number> {
  const options = {
    customers: { type: 'string', default: '1000000' },
    lines: { type: 'string', default: '0' },
  } as const;
  const { values } = parseArgs({ args, options });
  const [customers, lines] = [Number(values.customers), Number(values.lines)];
  if (!Number.isInteger(customers) || customers < 1 || customers > 10_000_000) {
    console.error('--customers must be a whole number from 1 to 10000000.');
    return 2;
  }
  if (!Number.isInteger(lines) || lines < 0 || lines > 1_000_000_000) {
    console.error('--lines must be a whole number from 0 to 1000000000.');
    return 2;
  }
  const data_dir = process.env.DATA_DIR || defaultDataDir();
  if (!process.env.DATABASE_URL) mkdirSync(data_dir, { recursive: true });
  const postgres = process.env.DATABASE_URL ? undefined : await startPostgres({ data_dir });
  const bar = progressBar();
  try {
    const url = process.env.DIRECT_DATABASE_URL || process.env.DATABASE_URL || (postgres?.url as string);
    await seedLarge(url, { customers, lines, report: bar.show });
    bar.stop();
    console.log(`${customers} customers are in. \`npm run audit\` proves that their ledgers agree.`);
    return 0;
  } catch (fault) {
    bar.stop();
    console.error((fault as Error).message);
    return 1;
  } finally {
    await postgres?.stop();
  }
}

// Node gives the path as it was typed; the module's URL has links resolved.
const script = process.argv[1];
if (script !== undefined && import.meta.url === pathToFileURL(realpathSync(script)).href) {
  process.exitCode = await main(process.argv.slice(2));
}
