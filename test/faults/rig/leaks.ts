// Whether anything that names a person went where it must not: into Redis, or into the jobs of the queue.

import { Redis } from 'ioredis';
import type { Rig } from './rig.ts';

/** @returns where one of the words that name persons was found */
export async function queueLeaks(rig: Rig): Promise<string[]> {
  const words = [...rig.log.secrets];
  const inRedis = rig.servers.redis === null ? [] : await redisLeaks(rig.servers.redis.port, words);
  return [...inRedis, ...(await jobLeaks(rig, words))];
}

async function redisLeaks(port: number, words: string[]): Promise<string[]> {
  const client = new Redis(port, '127.0.0.1');
  try {
    const leaks: string[] = [];
    for await (const keys of client.scanStream({ count: 1_000 }) as AsyncIterable<string[]>) {
      for (const key of keys) {
        const value = (await client.dumpBuffer(key)) ?? Buffer.alloc(0);
        if (words.some((word) => key.includes(word) || value.includes(word))) leaks.push(`${key} in Redis`);
      }
    }
    return leaks;
  } finally {
    client.disconnect();
  }
}

/** The queue's tables, where it lives in PostgreSQL. */
async function jobLeaks({ db }: Rig, words: string[]): Promise<string[]> {
  const { rows: tables } = await db.raw(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema ilike '%bull%' and table_type = 'BASE TABLE'`,
  );
  const leaks: string[] = [];
  for (const { name } of tables) {
    const { rows } = await db.raw(`select count(*) as count from ${name} t where t::text like any(?)`, [
      words.map((word) => `%${word}%`),
    ]);
    if (Number(rows[0].count) > 0) leaks.push(`${rows[0].count} rows of ${name}`);
  }
  return leaks;
}
