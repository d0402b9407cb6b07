// The Superstore sample data and its independent fold: the file's known totals, and rules worked out by hand.
// It must not know the service: what is right here is right without a database.

import { expect } from 'chai';
import { customersOf, ordersOf, readSuperstore, type SuperstoreLine } from '../../scripts/superstore.ts';
import { foldSuperstore } from '../../scripts/superstore-fold.ts';

const a_line: SuperstoreLine = {
  order_id: 'CA-1',
  order_date: '2016-01-01',
  customer_id: 'AA-1',
  customer_name: 'Ada Lovelace',
  city: 'Henderson',
  state: 'Kentucky',
  postal_code: '42420',
  sales: '1',
};

function line(fields: Partial<SuperstoreLine>): SuperstoreLine {
  return { ...a_line, ...fields };
}

/** One customer's purchases, an order a day. */
function purchases(...sales: string[]): SuperstoreLine[] {
  return sales.map((amount, index) => {
    const day = String(index).padStart(4, '0');
    return line({ order_id: `CA-${day}`, order_date: `2016-${day}`, sales: amount });
  });
}

function accountAfter(...sales: string[]) {
  return foldSuperstore(purchases(...sales)).get('AA-1');
}

describe('the Superstore file', () => {
  const shop = readSuperstore();

  it('holds the lines, orders and customers it is known for', () => {
    expect(shop.lines).to.have.length(9994);
    expect(shop.orders).to.have.length(5009);
    expect(shop.customers).to.have.length(793);
  });

  it('sells for 2,297,200.8603 in all, and for 2,297,201.13 in orders of whole cents', () => {
    const digits = shop.lines.map(({ sales }) => sales.split('.'));
    const exact = digits.reduce((sum, [units, rest = '']) => sum + BigInt(units + rest.padEnd(4, '0')), 0n);
    expect(exact).to.equal(22_972_008_603n);
    expect(shop.orders.reduce((sum, order) => sum + order.amount_minor, 0)).to.equal(229_720_113);
  });

  it('gives the orders in date order, ties by order id', () => {
    const keys = shop.orders.map((order) => `${order.occurred_at} ${order.order_id}`);
    expect(keys).to.deep.equal(keys.toSorted());
    expect(new Set(shop.orders.map((order) => order.order_id)).size).to.equal(5009);
    expect(shop.orders[0]).to.deep.equal({
      order_id: 'CA-2014-103800',
      external_id: 'DP-13000',
      amount_minor: 1645,
      occurred_at: '2014-01-03T12:00:00.000Z',
    });
  });

  it('has no order of two customers', () => {
    const pairs = new Set(shop.lines.map((row) => `${row.order_id} ${row.customer_id}`));
    expect(pairs.size).to.equal(5009);
  });

  it('gives every order a customer, a whole positive amount and a time', () => {
    const known = new Set(shop.customers.map((customer) => customer.external_id));
    for (const order of shop.orders) {
      expect(known.has(order.external_id), order.order_id).to.equal(true);
      expect(Number.isSafeInteger(order.amount_minor) && order.amount_minor > 0, order.order_id).to.equal(true);
      expect(new Date(order.occurred_at).toISOString()).to.equal(order.occurred_at);
    }
  });

  it('gives every customer one address with five digits, the lost leading zero restored', () => {
    const codes = shop.customers.map((customer) => customer.addresses[0]?.postal_code);
    expect(codes.every((code) => /^\d{5}$/.test(code ?? ''))).to.equal(true);
    expect(codes.some((code) => code?.startsWith('0'))).to.equal(true);
  });

  it('agrees with the fold about spend and visits, grouped in two different ways', () => {
    const fold = foldSuperstore(shop.lines);
    expect(fold.size).to.equal(793);
    const accounts = [...fold.values()];
    expect(accounts.reduce((sum, account) => sum + account.total_spent_minor, 0)).to.equal(229_720_113);
    expect(accounts.reduce((sum, account) => sum + account.visits_count, 0)).to.equal(5009);
  });
});

describe('customersOf', () => {
  it('splits the name at its first space, or else at the hyphen', () => {
    const names = ['Ada Lovelace', 'Darrin Van Huff', 'Corey-Lock'].map((customer_name) => {
      const [customer] = customersOf([line({ customer_name })]);
      return [customer?.first_name, customer?.last_name];
    });
    expect(names).to.deep.equal([
      ['Ada', 'Lovelace'],
      ['Darrin', 'Van Huff'],
      ['Corey', 'Lock'],
    ]);
  });

  it('refuses a name that is only one', () => {
    expect(() => customersOf([line({ customer_name: 'Ada' })])).to.throw('AA-1 has one name only');
  });

  it('takes the address of the first line in date order', () => {
    const [customer] = customersOf([
      line({ order_date: '2016-02-01', city: 'Later' }),
      line({ order_date: '2016-01-01', city: 'First', postal_code: '6824' }),
    ]);
    expect(customer?.addresses).to.deep.equal([
      {
        label: 'home',
        street: null,
        city: 'First',
        state: 'Kentucky',
        postal_code: '06824',
        country: 'US',
        is_primary: true,
      },
    ]);
  });

  it('keeps a missing postal code missing', () => {
    expect(customersOf([line({ postal_code: '' })])[0]?.addresses[0]?.postal_code).to.equal(null);
  });
});

describe('ordersOf', () => {
  const amounts: [string, string[], number][] = [
    ['exactly: 0.1 + 0.2', ['0.1', '0.2'], 30],
    ['half a cent goes up', ['1.005'], 101],
    ['less than half goes down', ['1.0049'], 100],
    ['the sum is rounded, not the lines', ['0.004', '0.004', '0.004'], 1],
    ['two halves are one cent', ['0.005', '0.005'], 1],
    ['whole units', ['261', '731.94'], 99_294],
  ];
  for (const [rule, sales, amount_minor] of amounts) {
    it(`sums lines: ${rule}`, () => {
      const lines = sales.map((amount) => line({ sales: amount }));
      expect(ordersOf(lines).map((order) => order.amount_minor)).to.deep.equal([amount_minor]);
      expect(foldSuperstore(lines).get('AA-1')?.total_spent_minor).to.equal(amount_minor);
    });
  }

  it('sorts by date, then order id', () => {
    const lines = [
      line({ order_id: 'US-1', order_date: '2016-01-02' }),
      line({ order_id: 'CA-2', order_date: '2016-01-02' }),
      line({ order_id: 'US-9', order_date: '2016-01-01' }),
    ];
    expect(ordersOf(lines).map((order) => order.order_id)).to.deep.equal(['US-9', 'CA-2', 'US-1']);
  });

  it('refuses an order of two customers or two dates, and an amount that is none', () => {
    expect(() => ordersOf([line({}), line({ customer_id: 'BB-2' })])).to.throw('CA-1 belongs to two');
    expect(() => ordersOf([line({}), line({ order_date: '2016-01-02' })])).to.throw('CA-1 belongs to two');
    for (const sales of ['', '1e3', '-1', '1.00001', '1,000']) {
      expect(() => ordersOf([line({ sales })]), sales).to.throw(`"${sales}"`);
      expect(() => foldSuperstore([line({ sales })]), sales).to.throw(`"${sales}"`);
    }
  });
});

describe('foldSuperstore', () => {
  // Purchases of one customer, then what they hold: spend and points and tier worked out by hand.
  const rules: [string, string[], number, number, string][] = [
    ['one point a unit, the cents dropped', ['12.99'], 1299, 12, 'bronze'],
    ['less than a unit is no point', ['0.99'], 99, 0, 'bronze'],
    ['each purchase is rounded for itself', ['0.99', '0.99'], 198, 0, 'bronze'],
    ['a cent below silver', ['499.99'], 49_999, 499, 'bronze'],
    ['silver exactly', ['500'], 50_000, 500, 'silver'],
    ['silver: 1.2 × 12.34 = 14.808', ['500', '12.34'], 51_234, 514, 'silver'],
    ['silver: 1.2 × 12.50 = 15, the cents count before rounding', ['500', '12.50'], 51_250, 515, 'silver'],
    ['a cent below gold', ['1999.99'], 199_999, 1999, 'silver'],
    ['gold exactly', ['2000'], 200_000, 2000, 'gold'],
    ['gold: 1.5 × 3.33 = 4.995', ['2000', '3.33'], 200_333, 2004, 'gold'],
    ['a cent below platinum', ['4999.99'], 499_999, 4999, 'gold'],
    ['platinum exactly, × 2 from the next purchase on', ['5000', '10.50'], 501_050, 5021, 'platinum'],
    ['a cent below diamond', ['9999.99'], 999_999, 9999, 'platinum'],
    ['diamond exactly, × 2.5: 10.99 → 27.475', ['10000', '10.99'], 1_001_099, 10_027, 'diamond'],
    ['the tier held before counts: 400, 400 and then 1.2 × 100', ['400', '400', '100'], 90_000, 920, 'silver'],
  ];
  for (const [rule, sales, total_spent_minor, points_available, tier] of rules) {
    it(rule, () => {
      const visits_count = sales.length;
      expect(accountAfter(...sales)).to.deep.equal({ total_spent_minor, visits_count, points_available, tier });
    });
  }

  const visits: [number, string, number][] = [
    [9, 'bronze', 90],
    [10, 'silver', 100],
    [11, 'silver', 112],
    [24, 'silver', 100 + 14 * 12],
    [25, 'gold', 100 + 15 * 12],
    [49, 'gold', 280 + 24 * 15],
    [50, 'platinum', 280 + 25 * 15],
    // 990 spent is only silver, 99 visits are platinum: the higher of the two counts.
    [99, 'platinum', 655 + 49 * 20],
    [100, 'diamond', 655 + 50 * 20],
    [101, 'diamond', 1655 + 25],
  ];
  for (const [count, tier, points_available] of visits) {
    it(`${count} visits of 10.00 make ${tier} with ${points_available} points`, () => {
      const account = accountAfter(...Array.from({ length: count }, () => '10'));
      expect(account).to.deep.equal({ total_spent_minor: count * 1000, visits_count: count, points_available, tier });
    });
  }

  it('takes the lines in any order: date order, then order id, decides', () => {
    // 500 first makes the 100 worth 120; the other way round it would stay 100.
    const lines = [
      line({ order_id: 'CA-2', order_date: '2016-01-01', sales: '100' }),
      line({ order_id: 'CA-1', order_date: '2016-01-01', sales: '250' }),
      line({ order_id: 'CA-3', order_date: '2016-01-02', sales: '100' }),
      line({ order_id: 'CA-1', order_date: '2016-01-01', sales: '250' }),
    ];
    const expected = { total_spent_minor: 70_000, visits_count: 3, points_available: 740, tier: 'silver' };
    expect(foldSuperstore(lines).get('AA-1')).to.deep.equal(expected);
    expect(foldSuperstore(lines.toReversed()).get('AA-1')).to.deep.equal(expected);
  });

  it('lets the date decide before the order id', () => {
    const fold = foldSuperstore([
      line({ order_id: 'CA-1', order_date: '2016-01-02', sales: '100' }),
      line({ order_id: 'US-9', order_date: '2016-01-01', sales: '500' }),
    ]);
    expect(fold.get('AA-1')?.points_available).to.equal(620);
  });

  it('keeps customers apart', () => {
    const fold = foldSuperstore([
      line({ order_id: 'CA-1', sales: '500' }),
      line({ order_id: 'CA-2', customer_id: 'BB-2', sales: '7.50' }),
    ]);
    expect(fold.get('AA-1')?.points_available).to.equal(500);
    expect(fold.get('BB-2')).to.deep.equal({
      total_spent_minor: 750,
      visits_count: 1,
      points_available: 7,
      tier: 'bronze',
    });
  });
});
