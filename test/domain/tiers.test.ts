// Tiers by what counts: windows, the end of a period with its days of grace, the ways down, new versions, and merges.

import { type Programme, type Tier, tierProgress } from '@customer-service/domain';
import { expect } from 'chai';
import { at, bonus, lines, lots, NEW_ACCOUNT, posted, programme, purchase, refund, run } from './ledger.ts';

type Tiering = Programme['tiering'];
const tiers = [
  {
    tier: 'bronze',
    spend_threshold_minor: null,
    visits_threshold: null,
    points_threshold: null,
    multiplier_bp: 10_000,
  },
  {
    tier: 'silver',
    spend_threshold_minor: 10_000,
    visits_threshold: null,
    points_threshold: null,
    multiplier_bp: 10_000,
  },
  { tier: 'gold', spend_threshold_minor: 30_000, visits_threshold: 3, points_threshold: null, multiplier_bp: 10_000 },
] satisfies Programme['tiers'];
const rules = (tiering: Partial<Tiering>) =>
  programme({
    tiers,
    tiering: { window: 'calendar_year', months: 12, grace_days: 0, downgrade: 'requalify', ...tiering },
  });

type History = ReturnType<typeof purchase>[];
interface Case {
  what: string;
  tiering: Partial<Tiering>;
  history: History;
  until: string;
  /** [day, tier, why] */
  moves: [string, Tier, string][];
}
const big = purchase('2025-03-10', 30_000);
const gold: [string, Tier, string] = ['2025-03-10', 'gold', 'activity'];

const cases: Case[] = [
  { what: 'lifetime: never ends', tiering: { window: 'lifetime' }, history: [big], until: '2040-01-01', moves: [gold] },
  {
    what: 'calendar year: kept for the year after the one in which it was reached',
    ...{ tiering: {}, history: [big], until: '2030-01-01', moves: [gold, ['2027-01-01', 'bronze', 'period']] },
  },
  {
    what: 'calendar year: one level a year',
    ...{ tiering: { downgrade: 'one_level' }, history: [big], until: '2030-01-01' },
    moves: [gold, ['2027-01-01', 'silver', 'period'], ['2028-01-01', 'bronze', 'period']],
  },
  {
    what: 'calendar year: no way down',
    tiering: { downgrade: 'none' },
    history: [big],
    until: '2030-01-01',
    moves: [gold],
  },
  {
    what: 'calendar year: down to what the year qualifies for',
    ...{ tiering: {}, history: [big, purchase('2026-05-05', 10_000)], until: '2027-06-01' },
    moves: [gold, ['2027-01-01', 'silver', 'period']],
  },
  {
    what: 'calendar year: kept by qualifying again',
    ...{ tiering: {}, history: [big, purchase('2026-12-31 23:59:59.999', 30_000)], until: '2027-06-01', moves: [gold] },
  },
  {
    what: 'calendar year: an instant too late',
    ...{ tiering: {}, history: [big, purchase('2027-01-01', 30_000)], until: '2027-06-01' },
    moves: [gold, ['2027-01-01', 'bronze', 'period'], ['2027-01-01', 'gold', 'activity']],
  },
  {
    what: 'days of grace: a purchase within them still counts for the year that is over',
    ...{
      tiering: { grace_days: 31 },
      history: [big, purchase('2027-01-31', 30_000)],
      until: '2027-12-31',
      moves: [gold],
    },
  },
  {
    what: 'days of grace: the review is at their end',
    ...{ tiering: { grace_days: 31 }, history: [big], until: '2028-01-01' },
    moves: [gold, ['2027-02-01', 'bronze', 'period']],
  },
  {
    what: 'days of grace: a small purchase within them takes nothing away',
    ...{ tiering: { grace_days: 31 }, history: [big, purchase('2026-01-10', 100)], until: '2026-12-31', moves: [gold] },
  },
  {
    what: 'days of grace: a purchase within them completes the year that is over',
    ...{ tiering: { grace_days: 31 }, history: [purchase('2025-12-10', 6_000), purchase('2026-01-10', 4_000)] },
    ...{ until: '2026-12-31', moves: [['2026-01-10', 'silver', 'activity']] },
  },
  {
    what: 'rolling months: as long as the months hold it',
    ...{ tiering: { window: 'rolling_months', months: 3 }, history: [big], until: '2026-01-01' },
    moves: [gold, ['2025-07-01', 'bronze', 'period']],
  },
  {
    what: 'rolling months: one level a month',
    ...{
      tiering: { window: 'rolling_months', months: 3, downgrade: 'one_level' },
      history: [big],
      until: '2026-01-01',
    },
    moves: [gold, ['2025-07-01', 'silver', 'period'], ['2025-08-01', 'bronze', 'period']],
  },
  {
    what: 'membership year: from the month of the first purchase',
    ...{ tiering: { window: 'membership_year' }, history: [purchase('2024-06-20', 100), big], until: '2027-01-01' },
    moves: [gold, ['2026-06-01', 'bronze', 'period']],
  },
  {
    what: 'visits do as well as spend',
    ...{ tiering: {}, history: [1, 2, 3].map((day) => purchase(`2025-03-0${day}`, 1)), until: '2026-06-01' },
    moves: [['2025-03-03', 'gold', 'activity']],
  },
  { what: 'a bonus does nothing', tiering: {}, history: [bonus('2025-03-10', 99_999)], until: '2027-01-01', moves: [] },
  {
    what: 'a refund within the year takes it back',
    ...{ tiering: {}, history: [big, refund('2025-05-05', { of: big.id, amount_minor: 15_000 })], until: '2026-06-01' },
    moves: [gold, ['2025-05-05', 'silver', 'reversal']],
  },
  {
    what: 'a refund of last year takes nothing that is kept for this one',
    ...{ tiering: {}, history: [big, refund('2026-05-05', { of: big.id })], until: '2026-12-31', moves: [gold] },
  },
];

describe('a tier', () => {
  for (const { what, tiering, history, until, moves } of cases) {
    it(what, () => {
      const { tier_changes } = run(rules(tiering), history, { settle_at: until });
      const short = tier_changes.map(({ at: moment, to_tier, reason }) => [moment.slice(0, 10), to_tier, reason]);
      expect(short).to.deep.equal(moves);
    });
  }

  it('says what is missing to the next, and to keep this one, and until when', () => {
    const { account } = run(rules({}), [purchase('2025-03-10', 12_000), purchase('2026-02-02', 3_000)]);
    expect(tierProgress(rules({}), account, at('2026-02-03'))).to.deep.equal({
      ...{ next_tier: 'gold', spend_to_next_minor: 27_000, visits_to_next: 2, points_to_next: null },
      keep: { until: at('2027-01-01'), spend_minor: 7_000, visits: null, points: null },
    });
  });

  it('in days of grace is kept by what the year that is over lacks', () => {
    const yearly = rules({ grace_days: 31 });
    const { account } = run(yearly, [
      purchase('2025-03-10', 12_000),
      purchase('2026-11-11', 4_000),
      purchase('2027-01-05', 1_000),
    ]);
    expect(tierProgress(yearly, account, at('2027-01-10')).keep).to.deep.equal({
      ...{ until: at('2027-02-01'), spend_minor: 5_000, visits: null, points: null },
    });
  });
});

describe('a new version of the programme', () => {
  const second = (changes: Partial<Programme>): Programme => ({
    ...programme(),
    version: 2,
    effective_from: at('2026-04-01'),
    ...changes,
  });
  const monthly = programme({ expiry: { policy: 'end_of_month', after_months: 1 } });

  it('leaves lots the terms under which they were earned', () => {
    const history = [bonus('2026-03-31 23:59:59.999', 5), bonus('2026-04-01', 7)];
    expect(lots(run([monthly, second({})], history))).to.deep.equal([
      [5, '2026-05-01'],
      [7, null],
    ]);
  });

  it('does not touch a purchase of the day before that is accepted late', () => {
    const dear = second({ earn: { ...programme().earn, rates: { USD: { points: 5, per_minor: 100 } } } });
    const history = [purchase('2026-04-02', 100, { occurred_at: at('2026-03-31') }), purchase('2026-04-02', 100)];
    const { outcomes } = run([monthly, dear], history);
    expect(outcomes.map(({ points, explanation }) => [points, explanation?.programme_version])).to.deep.equal([
      [1, 1],
      [5, 2],
    ]);
  });

  it('moves between tiers on the day it begins, whether or not anybody comes by', () => {
    const easier = tiers.map((rule) => ({ ...rule, spend_threshold_minor: rule.tier === 'bronze' ? null : 100 }));
    const versions = [
      rules({ window: 'lifetime' }),
      second({ tiers: easier as unknown as Programme['tiers'] }),
    ] as const;
    const { tier_changes } = run(versions, [purchase('2026-03-01', 200)], { settle_at: '2026-06-01' });
    expect(tier_changes).to.deep.equal([
      ...[
        {
          customer_id: NEW_ACCOUNT.customer_id,
          sequence: 1,
          at: at('2026-04-01'),
          from_tier: 'bronze',
          to_tier: 'gold',
          reason: 'programme',
        },
      ],
    ]);
  });

  it('takes a tier for life only where it may be lost', () => {
    const harder = tiers.map((rule) => ({
      ...rule,
      visits_threshold: null,
      spend_threshold_minor: rule.tier === 'bronze' ? null : 90_000,
    }));
    const after = (tiering: Partial<Tiering>) => {
      const next = second({ tiers: harder as unknown as Programme['tiers'], tiering: rules(tiering).tiering });
      return run([rules({ window: 'lifetime' }), next], [purchase('2026-03-01', 30_000)], { settle_at: '2026-06-01' })
        .account.tier;
    };
    expect(after({ window: 'lifetime' })).to.equal('bronze');
    expect(after({ window: 'lifetime', downgrade: 'one_level' })).to.equal('silver');
    expect(after({ window: 'lifetime', downgrade: 'none' })).to.equal('gold');
    expect(after({ window: 'calendar_year' }), 'not before the period ends').to.equal('gold');
  });

  it('whose lowest tier is another one goes on without a fault', () => {
    const higher = second({ tiers: [{ ...tiers[1], spend_threshold_minor: null }] as unknown as Programme['tiers'] });
    const { account, outcomes } = run([monthly, higher], [bonus('2026-03-01', 5), purchase('2026-05-01', 100)]);
    expect(lines({ outcomes }).at(-1)).to.equal('earn 1 → 1');
    expect(account.tier).to.equal('silver');
  });
});

describe('a merge', () => {
  const debtors = programme({ ...rules({}), reversal: { shortfall: 'debt', grace_days: 0 } });
  const transfer = (fields: object, points = 50) =>
    posted('2026-03-20', {
      ...{ type: 'transfer_in', points, amount_minor: 20_000, visits: 1 },
      terms: {
        transfer: {
          ...{ earned: 90, redeemed: 30, expired: 20, adjusted: 10, debt: 0, member_since: at('2020-02-02') },
          ...{ lots: [{ points, expires_at: at('2026-06-01') }], tier_floor: 'bronze' },
          activity: [{ month: '2026-01', spend_minor: 20_000, visits: 1, points: 200 }],
          ...fields,
        },
      },
    });

  it('brings lots with their ends, every counter, activity, membership, and the tier of both together', () => {
    const { account } = run(rules({}), [purchase('2026-03-01', 10_000), transfer({})]);
    expect(account).to.include({
      ...{
        points_balance: 150,
        lifetime_points_earned: 190,
        lifetime_points_redeemed: 30,
        lifetime_points_expired: 20,
      },
      ...{
        lifetime_points_adjusted: 10,
        total_spent_minor: 30_000,
        visits_count: 2,
        tier: 'gold',
        settles_at: at('2026-06-01'),
      },
    });
    expect(account.state.lots[0]).to.deep.equal({ points: 50, expires_at: at('2026-06-01') });
    expect(account.state.activity.map(({ month, points }) => [month, points])).to.deep.equal([
      ['2026-01', 200],
      ['2026-03', 100],
    ]);
    expect(account.state.member_since).to.equal(at('2020-02-02'));
  });

  it('brings debts, which what is there repays', () => {
    const owing = transfer({ debt: 70, lots: [], earned: 100, redeemed: 100, expired: 0, adjusted: 0 }, 0);
    const ledger = run(debtors, [bonus('2026-03-01', 100), owing]);
    expect(lines(ledger)).to.deep.equal(['earn 100 → 100', 'transfer_in 0 → 100', 'repay 70 → 30']);
    expect(ledger.account.state.debt).to.equal(0);
  });

  it('keeps the higher of two tiers that are safe for the period', () => {
    const { account } = run(rules({}), [bonus('2026-03-01', 5), transfer({ tier_floor: 'gold' })]);
    expect([account.tier, account.state.tier_floor]).to.deep.equal(['gold', 'gold']);
  });
});
