// Refunds by the name of an order: those that come before their purchase wait for it.

import { expect } from 'chai';
import { bonus, lines, NEW_ACCOUNT, programme, purchase, refund, run } from './ledger.ts';

const T = (minute: number) => `2026-03-15 12:${String(minute).padStart(2, '0')}`;
const bought = purchase(T(0), 10_000, { id: 'p' });
const plain = programme();

describe('a refund by its order', () => {
  const early = refund(T(0), { order_id: 'o' });
  const later = purchase(T(5), 10_000, { id: 'p', order_id: 'o' });

  it('that comes before its purchase waits for it, and moves nothing until then', () => {
    const { account, parked, ...ledger } = run(plain, [early]);
    expect(lines(ledger)).to.deep.equal(['reverse_earn parked']);
    expect(parked).to.deep.equal([early]);
    expect(account).to.deep.equal({ ...NEW_ACCOUNT, state: { ...NEW_ACCOUNT.state, parked: 1, programme_version: 1 } });
    const both = run(plain, [early, bonus(T(1), 5), purchase(T(2), 500, { order_id: 'other' }), later]);
    expect(lines(both)).to.deep.equal([
      ...['reverse_earn parked', 'earn 5 → 5', 'earn 5 → 10', 'earn 100 → 110', 'reverse_earn 100 → 10'],
    ]);
    expect(both.outcomes.at(-1)).to.deep.include({ id: early.id, sequence: 4 });
    expect(both.outcomes.at(-1)?.explanation).to.include({ parked: true });
    expect([both.parked, both.account.state.parked]).to.deep.equal([[], 0]);
  });

  it('waits on when the purchase is refused, for the one that is not', () => {
    const refused = { ...later, id: 'q', currency: 'JPY' };
    expect(lines(run(plain, [early, refused, later]))).to.deep.equal([
      ...['reverse_earn parked', 'earn currency-not-accepted', 'earn 100 → 100', 'reverse_earn 100 → 0'],
    ]);
  });

  it('of which there are several is taken in the order in which they came', () => {
    const of = (minute: number, amount_minor: number) => refund(T(minute), { order_id: 'o', amount_minor });
    expect(lines(run(plain, [of(0, 3_000), of(1, 8_000), of(2, 7_000), later])).slice(3)).to.deep.equal([
      ...['earn 100 → 100', 'reverse_earn 30 → 70', 'reverse_earn exceeds-original', 'reverse_earn 70 → 0'],
    ]);
  });

  it('takes from the first purchase of the order of which something is left', () => {
    const second = purchase(T(6), 5_000, { order_id: 'o' });
    const back = [7, 8, 9].map((minute) => refund(T(minute), { order_id: 'o' }));
    expect(lines(run(plain, [later, second, ...back])).slice(2)).to.deep.equal([
      ...['reverse_earn 100 → 50', 'reverse_earn 50 → 0', 'reverse_earn exceeds-original'],
    ]);
  });

  it('without the name of an order finds none, whatever else has none', () => {
    expect(lines(run(plain, [bought, refund(T(1), {})]))).to.deep.equal(['earn 100 → 100', 'reverse_earn parked']);
  });
});
