// The second step of whatever moves points: it says what will happen, and does it when that is confirmed.

import type { DryRun, LoyaltyTransaction } from '@customer-service/client';
import { explain } from '@customer-service/domain';
import type { ComponentChildren } from 'preact';
import { Fault } from '../faults.tsx';
import { number, points, words } from '../format.ts';
import type { Sending } from '../use-answer.ts';

interface ConfirmProps {
  children: ComponentChildren;
  /** Of the button. */
  action: string;
  sending: Pick<Sending<never, never>, 'busy' | 'fault'>;
  /** Undefined: it can't be done. */
  onConfirm?: (() => void) | undefined;
  onBack(): void;
}

export function Confirm({ children, action, sending, onConfirm, onBack }: ConfirmProps) {
  return (
    <>
      <div class="summary" role="status">
        {children}
      </div>
      <Fault of={sending.fault} />
      <div class="buttons">
        <button type="button" disabled={sending.busy} onClick={onBack}>
          Back
        </button>
        {onConfirm && (
          // Not disabled meanwhile: it would lose the focus, and who uses the keyboard the way to "again".
          <button type="button" class="primary" aria-busy={sending.busy} ref={focus} onClick={onConfirm}>
            {sending.busy ? 'Sending …' : sending.fault === undefined ? action : `${action} again`}
          </button>
        )}
      </div>
    </>
  );
}

const focus = (element: HTMLElement | null) => element?.focus();

interface PreviewProps {
  tried: DryRun;
  /** What it was tried with. */
  body: { amount_minor?: number; currency?: string };
  who: string;
}

/** What a movement would do, as the service worked it out. */
export function Preview({ tried, body, who }: PreviewProps) {
  const text = explain({ ...tried, amount_minor: body.amount_minor ?? null, currency: body.currency ?? null });
  if (tried.rejection_code !== null) return <p>{text}</p>;
  return (
    <>
      <p>
        <strong>
          {who} {tried.type === 'earn' ? 'earns' : 'redeems'} {points(tried.points ?? 0)}.
        </strong>
      </p>
      <p class="quiet">{text}</p>
      <p>
        Balance {number(tried.balance_before)} → {number(tried.points_after)}
        {tried.tier_before !== tried.tier_after && `, tier ${words(tried.tier_before)} → ${words(tried.tier_after)}`}
      </p>
    </>
  );
}

/** What came of it, for the page below the dialog. */
export function outcomeOf({ status, text }: LoyaltyTransaction): string {
  return status === 'pending' ? 'Accepted; it is booked in a moment.' : text;
}
