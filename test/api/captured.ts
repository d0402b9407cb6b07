// What processes write and what queues hold, to be searched.

import type { ChildProcess } from 'node:child_process';
import type { Database } from '@customer-service/store';
import { Redis } from 'ioredis';
import { forkProcess } from '../helpers/service.ts';

export interface Captured {
  child: ChildProcess;
  output: string[];
  url: string;
}

/** An app as a process of its own, whose every line is kept. @param imports what is loaded before it */
export function start(
  name: 'api' | 'worker',
  environment: Record<string, string>,
  imports: string[] = [],
): Promise<Captured> {
  const child = forkProcess(name, environment, { silent: true, imports });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(String(chunk)));
  return new Promise((resolve, reject) => {
    child.once('message', (ready) => resolve({ child, output, url: (ready as { url: string }).url }));
    child.once('exit', (code) => reject(new Error(`${name} ended with code ${code}: ${output.join('')}`)));
  });
}

/** All that is in a Redis database. */
export async function dumpRedis(url: string): Promise<string> {
  const client = new Redis(url);
  const parts: unknown[] = [];
  for (const key of await client.keys('*')) {
    const read: Record<string, () => Promise<unknown>> = {
      ...{ string: () => client.get(key), hash: () => client.hgetall(key), list: () => client.lrange(key, 0, -1) },
      ...{ set: () => client.smembers(key), zset: () => client.zrange(key, '0', '-1') },
      stream: () => client.xrange(key, '-', '+'),
    };
    parts.push(key, await read[await client.type(key)]?.());
  }
  client.disconnect();
  return JSON.stringify(parts);
}

/** All that PostgreSQL holds in the queue's own schema. */
export async function dumpQueue(db: Database): Promise<string> {
  const { rows: tables } = await db.raw<{ rows: { schemaname: string; tablename: string }[] }>(
    `select schemaname, tablename from pg_tables
      where schemaname not in ('public', 'pg_catalog', 'information_schema')`,
  );
  const parts = tables.map(({ schemaname, tablename }) => db.withSchema(schemaname).from(tablename).select('*'));
  return JSON.stringify(await Promise.all(parts));
}
