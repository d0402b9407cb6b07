// The rule of the programme as a table: what a purchase earns, and when a tier is reached. Nothing here knows accounts.

import {
  MAX_AMOUNT_MINOR,
  MAX_POINTS,
  PROGRAMME,
  type Programme,
  pointsForPurchase,
  TIERS,
  type Tier,
  tierFor,
} from '@customer-service/domain';
import { expect } from 'chai';
import fc from 'fast-check';

const pointsFor = (programme: Programme, amount_minor: number, tier: Tier): number =>
  pointsForPurchase(programme, { amount_minor, currency: 'USD', occurred_at: '2026-01-01T00:00:00.000Z' }, tier).points;
const tierOf = (spend_minor: number, visits: number): Tier => tierFor(PROGRAMME, { spend_minor, visits, points: 0 });

describe('the points of a purchase', () => {
  // amount in minor units, then the points in each tier: × 1, 1.2, 1.5, 2 and 2.5, rounded down.
  const points: [number, ...number[]][] = [
    [1, 0, 0, 0, 0, 0],
    [39, 0, 0, 0, 0, 0],
    [40, 0, 0, 0, 0, 1],
    [49, 0, 0, 0, 0, 1],
    [50, 0, 0, 0, 1, 1],
    [66, 0, 0, 0, 1, 1],
    [67, 0, 0, 1, 1, 1],
    [83, 0, 0, 1, 1, 2],
    [84, 0, 1, 1, 1, 2],
    [99, 0, 1, 1, 1, 2],
    [100, 1, 1, 1, 2, 2],
    [101, 1, 1, 1, 2, 2],
    [199, 1, 2, 2, 3, 4],
    [200, 2, 2, 3, 4, 5],
    [333, 3, 3, 4, 6, 8],
    [12_345, 123, 148, 185, 246, 308],
    [99_999, 999, 1_199, 1_499, 1_999, 2_499],
    [100_000, 1_000, 1_200, 1_500, 2_000, 2_500],
    [MAX_AMOUNT_MINOR - 1, 99_999_999, 119_999_999, 149_999_999, 199_999_999, 249_999_999],
    [MAX_AMOUNT_MINOR, 100_000_000, 120_000_000, 150_000_000, 200_000_000, 250_000_000],
  ];
  for (const [amount, ...row] of points) {
    it(`are ${row.join(', ')} from ${TIERS[0]} to ${TIERS.at(-1)} for ${amount} minor units`, () => {
      expect(TIERS.map((tier) => pointsFor(PROGRAMME, amount, tier))).to.deep.equal(row);
    });
  }

  const percent: Record<Tier, bigint> = { bronze: 100n, silver: 120n, gold: 150n, platinum: 200n, diamond: 250n };

  it('are exact up to the largest amount, as BigInt says', () => {
    const amount = fc.integer({ min: 1, max: MAX_AMOUNT_MINOR });
    const property = fc.property(amount, fc.constantFrom(...TIERS), (minor, tier) => {
      const exact = (BigInt(minor) * percent[tier]) / 10_000n;
      expect(BigInt(pointsFor(PROGRAMME, minor, tier))).to.equal(exact);
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  it('are exact for each of the thousand largest amounts', () => {
    for (const tier of TIERS) {
      for (let minor = MAX_AMOUNT_MINOR - 1_000; minor <= MAX_AMOUNT_MINOR; minor += 1) {
        const exact = Number((BigInt(minor) * percent[tier]) / 10_000n);
        if (pointsFor(PROGRAMME, minor, tier) !== exact) expect.fail(`${minor} in ${tier}`);
      }
    }
  });

  it('of the largest purchase are no more than one transaction may carry', () => {
    expect(pointsFor(PROGRAMME, MAX_AMOUNT_MINOR, 'diamond')).to.be.below(MAX_POINTS);
  });

  it('follow the programme that is given: its rate and its minor units', () => {
    const rates = { USD: { points: 3, per_minor: 1 } };
    const yen: Programme = { ...PROGRAMME, earn: { ...PROGRAMME.earn, rates } };
    expect(pointsFor(yen, 7, 'bronze')).to.equal(21);
    expect(pointsFor(yen, 7, 'silver')).to.equal(25);
  });

  it('of a tier that the programme no longer has are those of its lowest', () => {
    const [lowest] = PROGRAMME.tiers;
    expect(pointsFor({ ...PROGRAMME, tiers: [lowest] }, 10_000, 'diamond')).to.equal(100);
  });
});

describe('the tier', () => {
  // What reaches each tier: spend in minor units, or visits.
  const thresholds: [Tier, Tier, number, number][] = [
    ['bronze', 'silver', 50_000, 10],
    ['silver', 'gold', 200_000, 25],
    ['gold', 'platinum', 500_000, 50],
    ['platinum', 'diamond', 1_000_000, 100],
  ];
  for (const [below, tier, spend, visits] of thresholds) {
    it(`is ${tier} from a spend of exactly ${spend} on`, () => {
      expect([spend - 1, spend, spend + 1].map((minor) => tierOf(minor, 0))).to.deep.equal([below, tier, tier]);
    });

    it(`is ${tier} from exactly ${visits} visits on`, () => {
      expect([visits - 1, visits, visits + 1].map((count) => tierOf(0, count))).to.deep.equal([below, tier, tier]);
    });

    it(`is not ${tier} when spend and visits both lack one`, () => {
      expect(tierOf(spend - 1, visits - 1)).to.equal(below);
    });
  }

  const either: [string, number, number, Tier][] = [
    ['nothing yet', 0, 0, 'bronze'],
    ['the spend of gold with the visits of silver', 200_000, 10, 'gold'],
    ['the spend of silver with the visits of gold', 50_000, 25, 'gold'],
    ['much spend in one visit', 1_000_000, 1, 'diamond'],
    ['a hundred small visits', 100, 100, 'diamond'],
    ['more than anyone spends', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'diamond'],
  ];
  for (const [what, spend, visits, tier] of either) {
    it(`is the higher of what spend and visits reach: ${what} is ${tier}`, () => {
      expect(tierOf(spend, visits)).to.equal(tier);
    });
  }

  it('has one rule for each tier, from the lowest to the highest', () => {
    expect(PROGRAMME.tiers.map((rule) => rule.tier)).to.deep.equal([...TIERS]);
    for (const field of ['spend_threshold_minor', 'visits_threshold', 'multiplier_bp'] as const) {
      const steps = PROGRAMME.tiers.map((rule) => Number(rule[field]));
      expect(steps, field).to.deep.equal([...new Set(steps)].sort((a, b) => a - b));
    }
  });
});
