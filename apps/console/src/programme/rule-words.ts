// What a rule says, for a person.

import type { Programme } from '@customer-service/client';
import { money, number, points } from '../format.ts';

export const factor = (multiplier_bp: number): string => `×${multiplier_bp / 10_000}`;

export const EXPIRY = {
  none: 'Never',
  rolling_days: 'So many days after they were earned',
  rolling_months: 'So many months after they were earned',
  end_of_month: 'With the end of a month',
  end_of_quarter: 'With the end of a quarter',
  end_of_year: 'With the end of a year',
  inactivity: 'After so many days without activity',
} as const;
export const SHORTFALL = {
  clamp: 'Forgiven',
  debt: 'Owed, and repaid by what comes in',
  negative: 'Taken below zero',
} as const;
export const WINDOW = {
  lifetime: 'All that was ever bought',
  calendar_year: 'A calendar year',
  rolling_months: 'The last months',
  membership_year: 'A year of membership',
} as const;
export const DOWNGRADE = {
  none: 'Tiers are kept',
  one_level: 'One tier down',
  requalify: 'The tier that the period has earned',
} as const;
export const ROUNDING = { down: 'Down', nearest: 'To the nearest', up: 'Up' } as const;

export function inWords({ earn, redeem, expiry, reversal, tiering }: Programme): [name: string, text: string][] {
  const caps = [
    earn.max_points_per_transaction != null && `${points(earn.max_points_per_transaction)} a purchase`,
    earn.max_points_per_day != null && `${points(earn.max_points_per_day)} a day`,
  ].filter(Boolean);
  const multiplied = (earn.multipliers ?? []).map(
    ({ category, product, multiplier_bp }) =>
      `${[category, product].filter(Boolean).join(' ')} ${factor(multiplier_bp)}`,
  );
  return [
    ['Earned', `${ratesInWords(earn.rates)}, rounded ${ROUNDING[earn.rounding ?? 'down'].toLowerCase()}`],
    ...(multiplied.length > 0 ? [['Multiplied', multiplied.join(', ')] as [string, string]] : []),
    ['At the most', caps.join(', ') || 'No limit'],
    ['Redeemed', `From ${points(redeem?.minimum_points ?? 1)} on`],
    ['Lapse', expiryInWords(expiry)],
    ['Refunds', `Points that were spent already: ${SHORTFALL[reversal.shortfall].toLowerCase()}`],
    ['Tiers count', tiering.window === 'rolling_months' ? `The last ${tiering.months} months` : WINDOW[tiering.window]],
    ...(tiering.window === 'lifetime' ? [] : [['When it ends', DOWNGRADE[tiering.downgrade]] as [string, string]]),
  ];
}

/** Currencies with the same rate are named together. */
function ratesInWords(rates: Programme['earn']['rates']): string {
  const alike = new Map<string, string[]>();
  for (const [currency, rate] of Object.entries(rates)) {
    if (rate === undefined) continue;
    const text = `${points(rate.points)} for each ${money(rate.per_minor)}`;
    alike.set(text, [...(alike.get(text) ?? []), currency]);
  }
  return [...alike].map(([text, currencies]) => `${text} (${currencies.join(', ')})`).join('; ');
}

function expiryInWords(expiry: Programme['expiry']): string {
  if ('days' in expiry) {
    const days = `${number(expiry.days)} days`;
    return expiry.policy === 'inactivity' ? `After ${days} without activity` : `${days} after they were earned`;
  }
  if ('months' in expiry) return `${number(expiry.months)} months after they were earned`;
  const later = 'after_months' in expiry && expiry.after_months ? `, ${expiry.after_months} months later` : '';
  return EXPIRY[expiry.policy] + later;
}
