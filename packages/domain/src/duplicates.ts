// How likely it is that two records are of one person, from what they have in common. Knows no storage.

export const DUPLICATE_REASONS = [
  'same-phone',
  'same-mailbox-name',
  'same-name',
  'similar-name',
  'same-birthday',
  'same-city',
] as const;
export type DuplicateReason = (typeof DUPLICATE_REASONS)[number];

/** In percent, how likely each makes it alone. A birthday or a city says something only beside a name. */
const WEIGHTS: Record<DuplicateReason, number> = {
  'same-phone': 80,
  'same-mailbox-name': 40,
  'same-name': 50,
  'similar-name': 35,
  'same-birthday': 60,
  'same-city': 30,
};

/** 0 to 100: reasons that are independent of each other leave less and less doubt. */
export function duplicateScore(reasons: readonly DuplicateReason[]): number {
  const doubt = reasons.reduce((rest, reason) => rest * (1 - WEIGHTS[reason] / 100), 1);
  return Math.round((1 - doubt) * 100);
}
