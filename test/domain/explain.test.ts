// A line of the ledger in a sentence, what became of a hold, what lapses when, and who may adjust how much: tables.

import {
  adjustmentLimitOf,
  EFFECTS,
  EMPTY_STATE,
  type Explanation,
  expirations,
  explain,
  type HoldView,
  holdStatus,
  type LoyaltyTransaction,
  REJECTION_CODES,
  TRANSACTION_TYPES,
  type TransactionType,
} from '@customer-service/domain';
import { expect } from 'chai';

const line = (type: TransactionType, explanation: Explanation | null, more: Partial<LoyaltyTransaction> = {}) => ({
  ...{ type, explanation, status: 'applied' as const, points: 10, amount_minor: null, currency: null },
  ...{ rejection_code: null, ...more },
});
const MARCH = '2026-03-01T00:00:00.000Z';
const never = { points: 4, expires_at: null };
const march = { points: 6, expires_at: MARCH };
const bought = { amount_minor: 1_234, currency: 'USD' };
const reversed = { id: 't-1', points: 10, amount_minor: 0, visits: 0 };

describe('a line of the ledger, explained', () => {
  const LINES: [ReturnType<typeof line>, text: string][] = [
    [line('earn', null, { status: 'pending' }), 'Earn: waits to be applied.'],
    [line('reverse_earn', null, { status: 'parked' }), 'Refund: waits for its purchase.'],
    [line('earn', { lot: { expires_at: null } }), '10 points as a bonus, never lapsing.'],
    [
      line('earn', { tier: 'silver', multiplier_bp: 12_000, lot: { expires_at: MARCH } }, bought),
      '10 points for 12.34 USD as silver (×1.2), valid to 2026-03-01.',
    ],
    [
      line('earn', { tier: 'gold', multiplier_bp: 15_000, campaign: 'Spring', uncapped_points: 18 }, bought),
      '10 points for 12.34 USD as gold (×1.5) in the campaign Spring. A limit made 10 points of 18.',
    ],
    [line('earn', null, bought), '10 points for 12.34 USD.'],
    [
      line('earn', { lot: { expires_at: null, inactivity_days: 90 } }),
      '10 points as a bonus, lapsing after 90 days without activity.',
    ],
    [
      line('redeem', { allocations: [march, never] }),
      '10 points redeemed, from lots: 6 valid to 2026-03-01, 4 never lapsing.',
    ],
    [line('redeem', null, { points: 1 }), '1 point redeemed.'],
    [line('hold', { expires_at: MARCH }), `10 points set aside until ${MARCH}.`],
    [
      line('capture', { hold_id: 'h-1', allocations: [never] }),
      '10 points taken of hold h-1, from lots: 4 never lapsing.',
    ],
    [line('release', { hold_id: 'h-1' }), '10 points of hold h-1 are free again.'],
    [line('reverse_earn', { reversed }), 'Taken back: 10 points of transaction t-1.'],
    [
      line('reverse_earn', { reversed, shortfall: 3 }),
      'Taken back: 10 points of transaction t-1 (3 were spent already).',
    ],
    [
      line('reverse_redeem', { reversed, allocations: [march] }),
      'Given back: 10 points of transaction t-1, to lots: 6 valid to 2026-03-01.',
    ],
    [line('adjust_credit', { reason_code: 'goodwill' }), '10 points given by hand (goodwill).'],
    [
      line('adjust_debit', { reason_code: 'fraud', allocations: [never] }),
      '10 points taken by hand (fraud), from lots: 4 never lapsing.',
    ],
    [line('expire', { lot: { expires_at: MARCH } }), '10 points lapsed, valid to 2026-03-01.'],
    [line('repay', { allocations: [never] }), '10 points repaid what was owed, from lots: 4 never lapsing.'],
    [line('transfer_in', null), '10 points came with a merge from another record.'],
    [line('transfer_out', null), '10 points went with a merge to another record.'],
  ];
  for (const [given, text] of LINES) it(text, () => expect(explain(given)).to.equal(text));

  it('has a sentence for every type and every refusal', () => {
    expect(new Set(LINES.map(([{ type }]) => type))).to.deep.equal(new Set(TRANSACTION_TYPES));
    for (const type of Object.keys(EFFECTS) as TransactionType[]) {
      for (const rejection_code of REJECTION_CODES) {
        const text = explain(line(type, null, { status: 'rejected', rejection_code }));
        expect(text).to.match(/^[A-Z][a-z ]+: refused, because [a-z ]+\.$/);
      }
    }
  });
});

describe('what became of a hold', () => {
  const view = (more: Partial<HoldView> = {}): HoldView => ({
    ...{ status: 'applied', points: 10, points_captured: 0, expires_at: MARCH, released_at: null, is_void: false },
    ...more,
  });
  const [before, after] = ['2026-02-28T23:59:59.999Z', '2026-03-01T00:00:00.001Z'];
  const HOLDS: [HoldView, moment: string, status: string][] = [
    [view({ status: 'pending', expires_at: null }), before, 'pending'],
    [view({ status: 'rejected', expires_at: null }), before, 'rejected'],
    [view(), before, 'open'],
    [view(), MARCH, 'expired'],
    [view(), after, 'expired'],
    [view({ points_captured: 4 }), before, 'open'],
    [view({ points_captured: 4 }), after, 'expired'],
    [view({ points_captured: 10 }), after, 'captured'],
    [view({ points_captured: 4, released_at: before }), before, 'captured'],
    [view({ points_captured: 4, released_at: MARCH }), after, 'expired'],
    [view({ points_captured: 4, released_at: before, is_void: true }), after, 'released'],
    [view({ released_at: before, is_void: true }), before, 'released'],
  ];
  for (const [hold, moment, status] of HOLDS) {
    it(`${status} at ${moment}: ${JSON.stringify(hold)}`, () => expect(holdStatus(hold, moment)).to.equal(status));
  }
});

describe('what lapses when', () => {
  it('has one row a moment, inactivity included, and what never lapses last', () => {
    const lots = [
      march,
      { points: 1, expires_at: null, inactivity_days: 28 },
      { points: 2, expires_at: null, inactivity_days: 90 },
      never,
    ];
    const active_at = '2026-02-01T00:00:00.000Z';
    expect(expirations({ ...EMPTY_STATE, lots, active_at })).to.deep.equal([
      { expires_at: MARCH, points: 7 },
      { expires_at: '2026-05-02T00:00:00.000Z', points: 2 },
      { expires_at: null, points: 4 },
    ]);
    expect(expirations(EMPTY_STATE)).to.deep.equal([]);
  });
});

describe('the limits of adjustments', () => {
  const LIMITS: [role: string, points: number][] = [
    ['admin', 50_000],
    ['manager', 5_000],
    ...['staff', 'service', 'ops', 'customer', 'superuser', 'constructor'].map((role): [string, number] => [role, 0]),
  ];
  for (const [role, points] of LIMITS) {
    it(`are ${points} points for ${role}`, () => expect(adjustmentLimitOf(role)).to.equal(points));
  }
});
