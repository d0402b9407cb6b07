// A queue worker whose connections are gone on one side only, on a real Redis: nobody tells it, and it is replaced.

import {
  createLog,
  type Doorbell,
  type Log,
  openDoorbell,
  openWorker,
  type QueueWorker,
} from '@customer-service/runtime';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type PrivateRedis, redisProgram, startRedis } from '../helpers/redis.ts';
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';
import { until } from '../helpers/until.ts';
import { uuidOf } from '../store/fixtures.ts';

const program = redisProgram();
const REPLACED = /a new one takes its place/;

// global.ts prints that flows on Redis are left out.
if (program !== undefined) {
  describe('the canaries of a queue worker', () => {
    const warnings: string[] = [];
    const answered: string[] = [];
    let redis: PrivateRedis;
    let way: TcpProxy;
    let bell: Doorbell;
    let worker: QueueWorker;

    before(async () => {
      redis = await startRedis(program);
      way = await startProxy({ host: '127.0.0.1', port: redis.port });
      const log = createLog('test', 'silent');
      log.warn = ((_details: object, message: string) => void warnings.push(message)) as Log['warn'];
      const queue = (port: number) => ({ redis_url: `redis://127.0.0.1:${port}`, direct_database_url: '' });
      bell = await openDoorbell(queue(redis.port), log);
      const answer = async (customerIds: string[]) => void answered.push(...customerIds);
      worker = await openWorker(queue(way.port), log, answer, 100);
      await until(() => bell.isUp());
    });
    after(async () => {
      await worker.close();
      await bell.close();
      await way.close();
      await redis.stop();
    });

    async function answers(customer_id: string): Promise<void> {
      bell.ring('earn', { id: uuidOf(1), customer_id });
      await until(() => answered.includes(customer_id), { what: 'an answer to a ring', timeout_ms: 30_000 });
    }

    it('leave a worker alone that is merely idle', async () => {
      await answers(uuidOf(1));
      const client = new Redis(redis.port, '127.0.0.1');
      const before = Number(await client.get('bull:loyalty:id'));
      await until(async () => Number(await client.get('bull:loyalty:id')) >= before + 20, { what: 'some canaries' });
      client.disconnect();
      expect(warnings.filter((message) => REPLACED.test(message))).to.deep.equal([]);
    });

    it('find one that hears nothing any more, and have it replaced', async () => {
      await way.turn({ mode: 'half-open' });
      await until(() => warnings.some((message) => REPLACED.test(message)), {
        what: 'a new worker',
        timeout_ms: 30_000,
      });
      await answers(uuidOf(2));
    });
  });
}
