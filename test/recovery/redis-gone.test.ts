// Redis is lost for good, with a backlog in it: the same deployment without REDIS_URL applies everything, once, and
// rings through PostgreSQL from then on.

import { prepareQueue } from '@customer-service/runtime';
import { migrate } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase } from '../helpers/database.ts';
import { balancesAgree, countByStatus, drained } from '../helpers/ledger.ts';
import { redisProgram, startRedis } from '../helpers/redis.ts';
import { endProcess, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, isRung, settled } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

describe('a deployment whose Redis is lost for good', () => {
  it('goes on without it when REDIS_URL is taken away, and applies the backlog once', async function () {
    const program = redisProgram();
    if (program === undefined) {
      console.log('LEFT OUT: a Redis lost for good, because there is no redis-server');
      this.skip();
    }
    const redis = await startRedis(program);
    const database = await createDatabase('template1');
    const deploy = async (environment: Record<string, string>, workers: number): Promise<Service> => {
      await migrate(database.url);
      await prepareQueue({ redis_url: environment.REDIS_URL ?? null, direct_database_url: database.url });
      return startService({ database, workers, environment: { LOG_LEVEL: 'fatal', ...environment } });
    };
    let service = await deploy({ REDIS_URL: redis.url }, 0);
    try {
      const customers = await Promise.all(Array.from({ length: 8 }, () => createCustomer(service)));
      const post = (index: number) =>
        earn(service, customers[index % 8] as string, { points: 1 + index }, { 'Idempotency-Key': `sale-${index}` });
      const postAll = async (from: number) => {
        const answers = await Promise.all(Array.from({ length: 80 }, (_, index) => post(from + index)));
        expect(answers.map(({ status }) => status)).to.deep.equal(Array(80).fill(202));
      };
      await postAll(0);
      await redis.stop();
      await postAll(80);
      expect(await countByStatus(service)).to.deep.equal({ pending: 160, applied: 0, rejected: 0 });
      await Promise.all([service.api, ...service.workers].map(endProcess));

      service = await deploy({}, 1);
      expect(await drained(service)).to.deep.equal({ pending: 0, applied: 160, rejected: 0 });
      await until(
        async () => {
          const { headers } = await earn(service, customers[0] as string, { points: 1 });
          return isRung(await settled(service, headers.get('location') as string));
        },
        { what: 'a transaction applied by its ring' },
      );
      const again = await Promise.all(Array.from({ length: 160 }, (_, index) => post(index)));
      expect(again.every(({ headers }) => headers.has('idempotent-replayed'))).to.equal(true);
      await drained(service);
      await balancesAgree(service);
      const balances = await database.db('loyalty_accounts').sum('lifetime_points_earned as points');
      const rung = await database
        .db('loyalty_transactions')
        .where('idempotency_key', 'not like', 'sale-%')
        .count('* as rows');
      expect(Number(balances[0]?.points)).to.equal((160 * 161) / 2 + Number(rung[0]?.rows));
    } finally {
      await service.stop();
      await redis.stop();
    }
  });
});
