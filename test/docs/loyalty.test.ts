// Every example in docs/loyalty.md, run through the rules as it stands there.

import { readFileSync } from 'node:fs';
import {
  applyTransactions,
  availablePoints,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
  PROGRAMME,
  type Programme,
  type ReversalTarget,
  type TransactionTerms,
  type TransactionType,
} from '@customer-service/domain';
import { expect } from 'chai';
import { CUSTOMER, NEW_ACCOUNT } from '../domain/ledger.ts';

interface Step {
  on: string;
  id?: string;
  earn?: {
    points?: number;
    amount_minor?: number;
    currency?: string;
    order_id?: string;
    items?: TransactionTerms['items'];
  };
  redeem?: number;
  hold?: { id: string; points: number; expires_in_s: number };
  capture?: { hold: string; points: number; final: boolean };
  refund?: { order_id: string; amount_minor?: number };
  undo?: string;
  adjust?: { credit?: number; debit?: number; reason_code: string };
  refused?: string;
  then?: Record<string, number | string>;
}

interface Example {
  rules?: { [Name in keyof Programme]?: object };
  story: Step[];
}

const text = readFileSync(new URL('../../docs/loyalty.md', import.meta.url), 'utf8');
const sections = text.split(/^## /m).slice(1);

function programmeOf({ rules = {} }: Example): Programme {
  const merged = Object.entries(rules).map(([name, value]) => [
    name,
    name === 'expiry' ? value : { ...(PROGRAMME[name as keyof Programme] as object), ...value },
  ]);
  return { ...PROGRAMME, ...Object.fromEntries(merged) };
}

/** The transaction of a step; undefined where nothing is posted. */
function transactionOf(step: Step, index: number): PendingTransaction | undefined {
  const moment = `${step.on}T00:00:00.000Z`;
  const make = (type: TransactionType, fields: Partial<PendingTransaction>): PendingTransaction => ({
    ...{ id: step.id ?? `t-${index}`, customer_id: CUSTOMER, type, points: null, amount_minor: null, currency: null },
    ...{ visits: null, order_id: null, occurred_at: moment, accepted_at: moment, terms: null, ...fields },
  });
  const { earn, redeem, hold, capture, refund, undo, adjust } = step;
  if (earn) {
    const { items, ...fields } = earn;
    return make('earn', { ...fields, terms: items ? { items } : null });
  }
  if (redeem !== undefined) return make('redeem', { points: redeem });
  if (hold) return make('hold', { id: hold.id, points: hold.points, terms: { expires_in_s: hold.expires_in_s } });
  if (capture)
    return make('capture', { points: capture.points, terms: { hold_id: capture.hold, final: capture.final } });
  if (refund) return make('reverse_earn', { ...refund, ...(refund.amount_minor && { currency: 'EUR' }) });
  if (undo) return make('reverse_redeem', { terms: { reverses: undo } });
  if (!adjust) return undefined;
  const { credit, debit, reason_code } = adjust;
  const points = credit ?? debit ?? 0;
  return make(credit === undefined ? 'adjust_debit' : 'adjust_credit', { points, terms: { reason_code } });
}

const seen = (account: LoyaltyAccount): Record<string, number | string> => ({
  points_available: availablePoints(account),
  points_balance: account.points_balance,
  points_held: account.points_held,
  debt: account.state.debt,
  expired: account.lifetime_points_expired,
  spent_minor: account.total_spent_minor,
  visits: account.visits_count,
  tier: account.tier,
});

function run(example: Example): void {
  const rules = {
    programmes: [programmeOf(example)] as const,
    targets: new Map<string, ReversalTarget>(),
    parked: [] as PendingTransaction[],
  };
  let account = NEW_ACCOUNT;
  for (const [index, step] of example.story.entries()) {
    const transaction = transactionOf(step, index);
    const settle_at = `${step.on}T00:00:00.000Z`;
    const result = applyTransactions(account, transaction ? [transaction] : [], { ...rules, settle_at });
    account = result.account;
    const outcome = result.outcomes.find(({ id }): boolean => id === transaction?.id) as Outcome | undefined;
    if (transaction) expect(outcome?.rejection_code ?? undefined, JSON.stringify(step)).to.equal(step.refused);
    const now = seen(account);
    for (const [name, value] of Object.entries(step.then ?? {})) {
      expect(now[name], `${name} on ${step.on}`).to.equal(value);
    }
  }
}

describe('docs/loyalty.md', () => {
  for (const section of sections) {
    const title = section.split('\n', 1)[0];
    const examples = [...section.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1] as string);
    it(`has an example under "${title}"`, () => expect(examples).to.have.length.above(0));
    for (const [index, example] of examples.entries()) {
      it(`is true under "${title}", example ${index + 1}`, () => {
        const parsed = JSON.parse(example) as Example;
        expect(parsed.story.some(({ then }) => then)).to.equal(true);
        run(parsed);
      });
    }
  }
});
