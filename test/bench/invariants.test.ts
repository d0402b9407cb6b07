// The check that every figure of the bench hangs on must be able to fail: each kind of breach is planted, and found.

import { applyApart } from '@customer-service/store';
import { expect } from 'chai';
import pg from 'pg';
import { acceptLot } from '../../bench/src/backlog.ts';
import { applyMany, applyOne, createPlainLedger, PLAIN_BOOKS } from '../../bench/src/contenders/plain-ledger.ts';
import { makeEvents } from '../../bench/src/events.ts';
import { breachesOf, checkBooks, OUR_BOOKS } from '../../bench/src/invariants.ts';
import { openShop, type Shop } from '../../bench/src/shop.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';

const LOT = { count: 200, customers: 10, lot: 'planted' };

describe('the invariants of the bench', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeEach(async () => {
    database = await createDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 2 });
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  describe('of a contender', () => {
    const events = makeEvents(LOT).map((event, accepted) => ({ ...event, accepted }));
    beforeEach(async () => {
      await createPlainLedger(pool, LOT.customers);
      await applyMany(pool, events.slice(0, 150));
      for (const event of events.slice(150)) await applyOne(pool, event);
    });
    const breaches = (posted = LOT.count) => breachesOf(pool, PLAIN_BOOKS, posted);
    const lastLine = '(select max(id) from plain_ledger where customer = 0)';

    it('hold, also when everything comes twice', async () => {
      await applyMany(pool, events);
      for (const event of events.slice(0, 20)) await applyOne(pool, event);
      expect(await breaches()).to.deep.equal([]);
      expect(events.filter(({ type }) => type === 'redeem')).to.have.length.above(20);
    });

    it('find one that is lost', async () => {
      await pool.query(`delete from plain_ledger where id = ${lastLine}`);
      expect((await breaches()).join()).to.include('1 of 200 accepted events are lost');
    });

    it('find one that was applied twice', async () => {
      await pool.query(`alter table plain_ledger drop constraint plain_ledger_key_key;
        insert into plain_ledger (customer, key, accepted, type, status, points, balance_after)
        select customer, key, accepted, type, status, points, balance_after from plain_ledger where id = ${lastLine}`);
      const found = (await breaches()).join();
      expect(found).to.include('applied more than once').and.include('1 events more');
      // Counted as accepted twice, it is still not the sum.
      expect((await breaches(LOT.count + 1)).join())
        .to.include('not the sum')
        .and.include('does not follow');
    });

    it('find points that are in the balance alone', async () => {
      await pool.query('update plain_accounts set balance = balance + 1 where customer = 3');
      expect(await breaches()).to.deep.equal(['1 × a balance that is not the sum of the applied points; the first: 3']);
    });

    it('find a balance below zero', async () => {
      await pool.query(`alter table plain_accounts drop constraint plain_accounts_balance_check;
        insert into plain_ledger (customer, key, accepted, type, status, points, balance_after)
        select customer, 'greedy', 1000, 'redeem', 'applied', balance + 1, -1 from plain_accounts where customer = 0;
        update plain_accounts set balance = -1 where customer = 0`);
      expect(await breaches(LOT.count + 1)).to.deep.equal([
        '1 × a negative balance; the first: 0',
        '1 × a balance that was negative after a line; the first: 0',
      ]);
    });

    it('find what was applied out of order, where order is promised', async () => {
      await pool.query(`update plain_ledger set accepted = -1 where id = ${lastLine}`);
      expect((await breaches()).join()).to.include('applied before one that had been accepted earlier');
      expect(await breachesOf(pool, { ...PLAIN_BOOKS, ordered: false }, LOT.count)).to.deep.equal([]);
    });
  });

  describe('of the service', () => {
    let shop: Shop;
    beforeEach(async () => {
      shop = await openShop({ createServiceDatabase: async () => database.url, pool: () => pool }, LOT.customers);
      await acceptLot(shop, LOT);
    });
    const check = () => checkBooks(pool, 'the service', { books: OUR_BOOKS, posted: shop.posted });
    const failure = () =>
      check().then(
        () => 'nothing',
        (error: Error) => error.message,
      );

    it('hold once everything is applied, and not before', async () => {
      expect(await failure()).to.include('200 of 200 accepted events are lost');
      await applyApart(database.db, shop.ids);
      expect(await failure()).to.equal('nothing');
    });

    it('find a line in another place, and points of nowhere', async () => {
      await applyApart(database.db, shop.ids);
      await pool.query(`alter table loyalty_transactions disable trigger user;
        alter table loyalty_transactions alter column position drop identity;
        update loyalty_transactions set position = -1 where sequence = 2 and customer_id = '${shop.ids[0]}';
        update loyalty_accounts set points_balance = points_balance + 7, lifetime_points_adjusted = 7
         where customer_id = '${shop.ids[1]}'`);
      expect(await failure())
        .to.include('for the service')
        .and.include(`accepted earlier; the first: ${shop.ids[0]}`)
        .and.include(`not the sum of the applied points; the first: ${shop.ids[1]}`);
    });
  });
});
