// What a purchase earns: rates, rounding, multipliers of items, campaigns, caps; and the least that can be redeemed.

import { type Programme, pointsForPurchase, type Tier } from '@customer-service/domain';
import { expect } from 'chai';
import { at, bonus, hold, lines, NEW_ACCOUNT, programme, purchase, redeem, run } from './ledger.ts';

const NOON = '2026-03-15 12:00';
type Earn = Programme['earn'];

const rate = (points: number, per_minor: number): Partial<Earn> => ({ rates: { USD: { points, per_minor } } });
const bp = (category: string | null, product: string | null, multiplier_bp: number) => ({
  category,
  product,
  multiplier_bp,
});
const item = (category: string | null, product: string | null, amount_minor: number) => ({
  category,
  product,
  amount_minor,
});
const campaign = (name: string, multiplier_bp: number, tiers: Tier[] | null = null) => ({
  ...{ name, multiplier_bp, tiers, from: at('2026-03-01'), to: at('2026-04-01') },
});

interface Case {
  what: string;
  earn: Partial<Earn>;
  amount: number;
  items?: ReturnType<typeof item>[];
  tier?: Tier;
  points: number;
}

const FOOD_TWICE: Partial<Earn> = { multipliers: [bp('food', null, 20_000)] };
const cases: Case[] = [
  { what: 'three points for 7 cents, down', earn: { ...rate(3, 7), rounding: 'down' }, amount: 99, points: 42 },
  { what: 'the same to the nearest', earn: { ...rate(3, 7), rounding: 'nearest' }, amount: 97, points: 42 },
  { what: 'the same, up', earn: { ...rate(3, 7), rounding: 'up' }, amount: 97, points: 42 },
  { what: 'a half, down', earn: { rounding: 'down' }, amount: 150, points: 1 },
  { what: 'a half, to the nearest, which is up', earn: { rounding: 'nearest' }, amount: 150, points: 2 },
  { what: 'less than a half, to the nearest', earn: { rounding: 'nearest' }, amount: 149, points: 1 },
  { what: 'a cent, up', earn: { rounding: 'up' }, amount: 101, points: 2 },
  { what: 'a whole number, up', earn: { rounding: 'up' }, amount: 200, points: 2 },
  { what: 'items of a category twice', earn: FOOD_TWICE, amount: 1_000, items: [item('food', null, 400)], points: 14 },
  {
    what: 'items of another category once',
    earn: FOOD_TWICE,
    amount: 1_000,
    items: [item('wine', null, 400)],
    points: 10,
  },
  { what: 'without items once', earn: FOOD_TWICE, amount: 1_000, points: 10 },
  {
    what: 'an item by the highest that matches',
    earn: { multipliers: [bp('food', null, 20_000), bp(null, 'tea', 50_000), bp('food', 'tea', 30_000)] },
    ...{ amount: 1_000, items: [item('food', 'tea', 100), item('food', 'rice', 100)], points: 8 + 5 + 2 },
  },
  {
    what: 'nothing for what the programme does not reward',
    earn: { multipliers: [bp('tobacco', null, 0)] },
    ...{ amount: 1_000, items: [item('tobacco', null, 300)], points: 7 },
  },
  {
    what: 'nothing, and not less, for items above the amount that it does not reward',
    earn: { multipliers: [bp('tobacco', null, 0)] },
    ...{ amount: 100, items: [item('tobacco', null, 300)], points: 0 },
  },
  {
    what: 'rounded once, at the end',
    earn: FOOD_TWICE,
    amount: 99,
    items: [item('food', null, 49), item('food', null, 50)],
    points: 1,
  },
  { what: 'a campaign', earn: { campaigns: [campaign('spring', 15_000)] }, amount: 1_000, points: 15 },
  {
    what: 'the highest campaign alone',
    earn: { campaigns: [campaign('a', 15_000), campaign('b', 20_000)] },
    amount: 1_000,
    points: 20,
  },
  {
    what: 'no campaign of other tiers',
    earn: { campaigns: [campaign('gold', 30_000, ['gold'])] },
    amount: 1_000,
    points: 10,
  },
  {
    what: 'a campaign times the tier times the item',
    earn: { ...FOOD_TWICE, campaigns: [campaign('gold', 30_000, ['gold'])] },
    ...{ amount: 1_000, items: [item('food', null, 1_000)], tier: 'gold', points: 90 },
  },
  { what: 'not more than a transaction may', earn: { max_points_per_transaction: 7 }, amount: 1_000, points: 7 },
];

describe('a purchase earns', () => {
  for (const { what, earn, amount, items, tier = 'bronze', points } of cases) {
    it(`${points} points: ${what}`, () => {
      const transaction = purchase(NOON, amount, { terms: items ? { items } : null });
      const { outcomes } = run(programme({ earn }), [transaction], { account: { ...NEW_ACCOUNT, tier } });
      expect(outcomes[0]).to.include({ points, status: 'applied' });
    });
  }

  it('with a campaign from its first moment to the one before its end', () => {
    const rules = programme({ earn: { campaigns: [campaign('spring', 20_000)] } });
    const moments = ['2026-02-28 23:59:59.999', '2026-03-01', '2026-03-31 23:59:59.999', '2026-04-01'];
    const points = moments.map(
      (moment) =>
        pointsForPurchase(rules, { amount_minor: 100, currency: 'USD', occurred_at: at(moment) }, 'bronze').points,
    );
    expect(points).to.deep.equal([1, 2, 2, 1]);
  });

  it('and says why: the version, the tier, the campaign, and what it would have been', () => {
    const rules = programme({ earn: { campaigns: [campaign('spring', 20_000)], max_points_per_transaction: 15 } });
    expect(run(rules, [purchase(NOON, 1_000)]).outcomes[0]?.explanation).to.deep.equal({
      ...{ programme_version: 1, tier: 'bronze', multiplier_bp: 10_000, campaign: 'spring', uncapped_points: 20 },
    });
  });
});

describe('a cap per day', () => {
  const rules = programme({ earn: { max_points_per_day: 10 } });

  it('counts all that was earned that day, bonuses too, and begins again at midnight', () => {
    const history = [
      ...[
        purchase('2026-03-15 00:00', 600),
        purchase('2026-03-15 12:00', 600),
        purchase('2026-03-15 23:59:59.999', 600),
      ],
      ...[purchase('2026-03-16 00:00', 1_100), bonus('2026-03-17', 8), purchase('2026-03-17', 600)],
    ];
    expect(run(rules, history).outcomes.map(({ points }) => points)).to.deep.equal([6, 4, 0, 10, 8, 2]);
  });

  it('takes nothing off a bonus, which somebody meant', () => {
    expect(run(rules, [bonus(NOON, 25), purchase(NOON, 100)]).outcomes.map(({ points }) => points)).to.deep.equal([
      25, 0,
    ]);
  });

  it('counts spend and visit of a purchase that earns nothing any more', () => {
    const { account } = run(rules, [purchase(NOON, 2_000), purchase(NOON, 500)]);
    expect(account).to.include({ points_balance: 10, total_spent_minor: 2_500, visits_count: 2 });
  });
});

describe('the least that can be redeemed', () => {
  const rules = programme({ redeem: { minimum_points: 50 } });

  it('holds for redemptions and for holds, which are redeemed later', () => {
    const history = [...[bonus(NOON, 200), redeem(NOON, 49), redeem(NOON, 50), hold(NOON, 49, 60), hold(NOON, 50, 60)]];
    expect(lines(run(rules, history))).to.deep.equal([
      ...['earn 200 → 200', 'redeem below-minimum', 'redeem 50 → 150', 'hold below-minimum', 'hold 50 → 150'],
    ]);
  });
});
