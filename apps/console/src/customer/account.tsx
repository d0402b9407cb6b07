// The account at a glance: what can be spent, the tier, and how far it is to the next.

import type { LoyaltyBalance } from '@customer-service/client';
import { day, money, number, words } from '../format.ts';
import { Figure, Tier } from '../parts/page.tsx';

export function Account({ balance }: { balance: LoyaltyBalance }) {
  const { points_available, points_balance, points_held, points_pending, points_debt, lifetime } = balance;
  const parts = [
    points_held > 0 && `${number(points_balance)} booked, ${number(points_held)} on hold`,
    points_pending !== 0 && `${number(points_pending)} waiting to be applied`,
    points_debt > 0 && `${number(points_debt)} owed for refunds`,
  ].filter(Boolean);
  return (
    <section aria-labelledby="account">
      <h2 id="account" class="hidden">
        Account
      </h2>
      <dl class="figures">
        <Figure name="Points to spend" hint={parts.join(', ')}>
          <span class="large" data-figure="points">
            {number(points_available)}
          </span>
        </Figure>
        <Figure name="Tier" hint={keepOf(balance)}>
          <span class="large">
            <Tier tier={balance.tier} />
          </span>
        </Figure>
        <Figure
          name="Spent"
          hint={`${number(lifetime.visits_count)} ${lifetime.visits_count === 1 ? 'visit' : 'visits'}`}
        >
          <span class="large">{money(lifetime.total_spent_minor)}</span>
        </Figure>
        <Figure name="Earned so far" hint={usedOf(lifetime)}>
          <span class="large">{number(lifetime.earned)}</span>
        </Figure>
      </dl>
      <Progress balance={balance} />
    </section>
  );
}

function usedOf({ redeemed, expired, adjusted }: LoyaltyBalance['lifetime']): string {
  const parts = [`${number(redeemed)} redeemed`, expired > 0 && `${number(expired)} lapsed`];
  return [...parts, adjusted !== 0 && `${number(adjusted)} by hand`].filter(Boolean).join(', ');
}

function keepOf({ tier_progress: { keep } }: LoyaltyBalance): string {
  if (keep === null) return '';
  const lacking = waysOf(keep);
  return lacking.length === 0
    ? `Kept beyond ${day(keep.until)}`
    : `Until ${day(keep.until)}; to keep it ${lacking.join(' or ')}`;
}

/** What is missing, of each way there is. */
function waysOf(missing: { spend_minor: number | null; visits: number | null; points: number | null }): string[] {
  const { spend_minor, visits, points } = missing;
  return [
    spend_minor !== null && spend_minor > 0 && `${money(spend_minor)} more spent`,
    visits !== null && visits > 0 && `${number(visits)} more ${visits === 1 ? 'visit' : 'visits'}`,
    points !== null && points > 0 && `${number(points)} more points`,
  ].filter((way) => way !== false);
}

/** How near the nearest of the ways to the next tier is. */
function Progress({ balance }: { balance: LoyaltyBalance }) {
  const { next_tier, spend_to_next_minor, visits_to_next, points_to_next } = balance.tier_progress;
  if (next_tier === null) return <p>The highest tier there is.</p>;
  const { total_spent_minor, visits_count, earned } = balance.lifetime;
  const shares = [
    share(total_spent_minor, spend_to_next_minor),
    share(visits_count, visits_to_next),
    share(earned, points_to_next),
  ];
  const ways = waysOf({ spend_minor: spend_to_next_minor, visits: visits_to_next, points: points_to_next });
  return (
    <div class="progress">
      <label for="tier-progress">
        To {words(next_tier)}: {ways.join(' or ')}
      </label>
      <progress id="tier-progress" max={100} value={Math.max(...shares)} />
    </div>
  );
}

/** In per cent of the whole way. */
function share(done: number, missing: number | null): number {
  if (missing === null || done + missing <= 0) return 0;
  return Math.floor((100 * done) / (done + missing));
}
