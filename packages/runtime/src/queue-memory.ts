// What processes may share and may lose, such as counts: a connection to the Redis of the queue.

import type { Log } from './log.ts';
import { connectToRing, loadQueue } from './queue-connections.ts';

export interface SharedMemory {
  /** An ioredis client, for a library that takes one. */
  client: unknown;
  close(): Promise<void>;
}

/** A connection to Redis for what may be lost, such as counts: every command fails at once while Redis is away. */
export async function openSharedMemory(url: string, log: Log): Promise<SharedMemory> {
  const client = connectToRing(await loadQueue(), url);
  // The doorbell's connection to the same Redis tells the operator of an outage; once is enough.
  client.on('error', (error) => log.debug({ error }, 'shared memory connection'));
  return { client, close: async () => client.disconnect() };
}
