// Where the service is: its database and its queue, opened for one command and closed after it.

import { loadWorkerConfig, openQueueDesk, type QueueDesk, type WorkerConfig } from '@customer-service/runtime';
import { assertReady, type Database, openDatabase } from '@customer-service/store';
import { Unreachable, WrongUse } from './report.ts';

/** Longer than a request may take, so that a large backlog can be counted. */
const STATEMENT_TIMEOUT_MS = 20_000;

export interface Site {
  db: Database;
  config: WorkerConfig;
  /** @throws Unreachable */
  openQueue(): Promise<QueueDesk>;
}

/**
 * Runs `work` with the database that the environment names, in a version that this build can work on.
 * @throws WrongUse when the environment is not right, Unreachable when the database does not answer
 */
export async function withSite<T>(
  work: (site: Site) => Promise<T>,
  { statement_timeout_ms = STATEMENT_TIMEOUT_MS } = {},
): Promise<T> {
  const config = readConfig();
  const db = openDatabase({ url: config.database_url, pool_max: 2, application_name: 'ops', statement_timeout_ms });
  const desks: QueueDesk[] = [];
  try {
    await reach(db);
    const openQueue = async () => {
      const desk = await openDesk(config);
      desks.push(desk);
      return desk;
    };
    return await work({ db, config, openQueue });
  } finally {
    await Promise.all(desks.map((desk) => desk.close()));
    await db.destroy();
  }
}

function readConfig(): WorkerConfig {
  try {
    return loadWorkerConfig();
  } catch (error) {
    throw new WrongUse(
      `${(error as Error).message}\nSet DATABASE_URL, and REDIS_URL if the service has one, as they are for the service; ` +
        'or start the service here with `npm start`.',
    );
  }
}

async function reach(db: Database): Promise<void> {
  try {
    await db.raw('select 1');
    await assertReady(db);
  } catch (error) {
    throw new Unreachable(`The database can not be reached, or not be worked on: ${(error as Error).message}`);
  }
}

async function openDesk(config: WorkerConfig): Promise<QueueDesk> {
  try {
    return await openQueueDesk(config);
  } catch (error) {
    const hint =
      config.redis_url === null ? ' The queue was looked for in PostgreSQL, because REDIS_URL is not set.' : '';
    throw new Unreachable(`The queue can not be reached: ${(error as Error).message}.${hint}`);
  }
}
