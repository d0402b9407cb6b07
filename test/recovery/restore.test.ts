// A backup from before some accepted sales, restored: tills send again what they were told is safe, under the same keys,
// and nothing of it is lost or doubled. What Redis still rings for is gone, and does no harm.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { prepareQueue } from '@customer-service/runtime';
import { migrate, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { type EmbeddedPostgres, startPostgres } from '../../scripts/embedded-postgres.ts';
import { runProgram } from '../helpers/command.ts';
import type { TestDatabase } from '../helpers/database.ts';
import { findInstalledPostgres, startInstalledPostgres } from '../helpers/installed-postgres.ts';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { backends, nextRedisUrl, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';

interface Sale {
  customer: string;
  key: string;
  points: number;
  /** The id it was accepted under. */
  id?: string;
}

interface Way {
  /** Whether the service has to be down while the backup is made. */
  cold: boolean;
  database(): Promise<TestDatabase>;
  backUp(): Promise<void>;
  /** What was there is lost for good. */
  restore(): Promise<TestDatabase>;
  cleanUp(): Promise<void>;
}

const post = (service: Service, { customer, key, points }: Sale) =>
  points > 0
    ? earn(service, customer, { points }, { 'Idempotency-Key': key })
    : redeem(service, customer, -points, { 'Idempotency-Key': key });

async function sell(service: Service, customers: string[], from: number): Promise<Sale[]> {
  const sales = Array.from({ length: 60 }, (_, index) => ({
    customer: customers[index % customers.length] as string,
    key: `sale-${from + index}`,
    points: index % 5 === 4 ? -7 : 10 + index,
  }));
  const answers = await Promise.all(sales.map((sale) => post(service, sale)));
  expect(answers.map(({ status }) => status)).to.deep.equal(Array(sales.length).fill(202));
  return sales.map((sale, index) => ({ ...sale, id: answers[index]?.body.id }));
}

async function restoredFrom(way: Way): Promise<void> {
  // The same Redis before and after: it remembers rings for rows that the backup has not.
  const environment = { LOG_LEVEL: 'fatal', ...(backends.includes('redis') && { REDIS_URL: nextRedisUrl() }) };
  const started: Service[] = [];
  const start = async (database: TestDatabase) => {
    const service = await startService({ database, workers: 1, environment });
    started.push(service);
    return service;
  };
  try {
    let service = await start(await way.database());
    const customers = await Promise.all(Array.from({ length: 6 }, () => createCustomer(service)));
    const kept = await sell(service, customers, 0);
    if (way.cold) await stopProcesses(service);
    await way.backUp();
    if (way.cold) service = await start(service.database);
    const lost = await sell(service, customers, 60);
    for (const child of [service.api, ...service.workers]) child.kill('SIGKILL');
    service = await start(await way.restore());
    const [before] = await service.database.db('loyalty_transactions').count('* as rows');
    expect(Number(before?.rows)).to.equal(60);

    const again = await Promise.all([...kept, ...lost].map((sale) => post(service, sale)));
    expect(again.map(({ status }) => status)).to.deep.equal(Array(120).fill(202));
    // Those of the backup are found again under the id they had; the others are new.
    expect(again.slice(0, 60).map(({ body }) => body.id)).to.deep.equal(kept.map(({ id }) => id));
    expect(again.map(({ headers }) => headers.has('idempotent-replayed'))).to.deep.equal([
      ...Array(60).fill(true),
      ...Array(60).fill(false),
    ]);
    const { pending, applied, rejected } = await drained(service);
    expect([pending, applied + rejected]).to.deep.equal([0, 120]);
    await balancesAgree(service);
    const third = await Promise.all(lost.map((sale) => post(service, sale)));
    expect(third.map(({ headers }) => headers.has('idempotent-replayed'))).to.deep.equal(Array(60).fill(true));
    await stopProcesses(service);
  } finally {
    for (const { api, workers } of started) for (const child of [api, ...workers]) child.kill('SIGKILL');
    await way.cleanUp();
  }
}

/** All but the database, which its way of backing up looks after. */
async function stopProcesses(service: Service): Promise<void> {
  service.database.drop = async () => {};
  await service.stop();
}

/** With owners and permissions, which PostgreSQL insists on. */
async function copyAll(from: string, to: string): Promise<void> {
  const { code, output } = await runProgram('cp', ['-a', from, to]);
  expect(code, output).to.equal(0);
}

const openSuperuser = (url: string): TestDatabase => ({
  url,
  db: openDatabase({ url, pool_max: 4, application_name: 'test' }),
  drop: async () => {},
});

describe('a database restored from a backup', function () {
  this.timeout(180_000);

  it('that is a copy of the stopped cluster, gets back what the tills send again', async () => {
    const data_dir = mkdtempSync(join(tmpdir(), 'customer-service-recovery-'));
    const copy = `${data_dir}-copy`;
    let server: EmbeddedPostgres;
    const open = async (): Promise<TestDatabase> => {
      server = await startPostgres({ data_dir });
      return openSuperuser(server.url);
    };
    let database: TestDatabase;
    await restoredFrom({
      cold: true,
      database: async () => {
        database = await open();
        await migrate(database.url);
        return database;
      },
      backUp: async () => {
        await database.db.destroy();
        await server.stop();
        await copyAll(data_dir, copy);
        Object.assign(database, await open());
      },
      restore: async () => {
        await database.db.destroy();
        await server.stop();
        rmSync(data_dir, { recursive: true });
        await copyAll(copy, data_dir);
        return Object.assign(database, await open());
      },
      cleanUp: async () => {
        await database?.db.destroy();
        await server?.stop();
        for (const folder of [data_dir, copy]) rmSync(folder, { recursive: true, force: true });
      },
    });
  });

  it('that pg_dump made while the service went on, gets back what the tills send again', async function () {
    const bin = findInstalledPostgres();
    if (bin === undefined) {
      console.log('LEFT OUT: pg_dump and pg_restore, because no PostgreSQL is installed (Debian: postgresql)');
      this.skip();
    }
    const server = await startInstalledPostgres(bin);
    const dump = join(mkdtempSync(join(tmpdir(), 'customer-service-dump-')), 'customer-service.dump');
    const run = async (name: string, ...args: string[]) => {
      const { code, output } = await runProgram(server.program(name), args);
      expect(code, output).to.equal(0);
    };
    const opened: TestDatabase[] = [];
    const make = async (name: string): Promise<TestDatabase> => {
      const admin = openSuperuser(server.url);
      await admin.db.raw(`create database ${name}`);
      await admin.db.destroy();
      const url = new URL(server.url);
      url.pathname = name;
      const database = openSuperuser(url.href);
      opened.push(database);
      return database;
    };
    await restoredFrom({
      cold: false,
      database: async () => {
        const database = await make('shop');
        await migrate(database.url);
        await prepareQueue({ redis_url: null, direct_database_url: database.url });
        return database;
      },
      backUp: () => run('pg_dump', '--format=custom', `--file=${dump}`, `--dbname=${opened[0]?.url}`),
      restore: async () => {
        const database = await make('restored');
        await run('pg_restore', '--exit-on-error', '--no-owner', '--no-privileges', `--dbname=${database.url}`, dump);
        return database;
      },
      cleanUp: async () => {
        for (const { db } of opened) await db.destroy();
        await server.stop();
        rmSync(dirname(dump), { recursive: true });
      },
    });
  });
});
