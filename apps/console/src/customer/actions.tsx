// What the person at the desk may do with these points: a button each, and the dialog that it opens.

import type { Customer, LoyaltyBalance } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { useSession } from '../session.ts';
import { AdjustDialog } from './adjust-dialog.tsx';
import { EarnDialog } from './earn-dialog.tsx';
import { RedeemDialog } from './redeem-dialog.tsx';

/** What every dialog that moves points is given. */
export interface MoveProps {
  customer: Customer;
  balance: LoyaltyBalance;
  onClose(): void;
  /** @param text what came of it, for the page to show */
  onDone(text: string): void;
}

const DIALOGS = { earn: EarnDialog, redeem: RedeemDialog, adjust: AdjustDialog } as const;
const ACTIONS = [
  ['earn', 'Earn points'],
  ['redeem', 'Redeem points'],
  ['adjust', 'Adjust …'],
] as const;

export function Actions({ customer, balance, onDone }: Omit<MoveProps, 'onClose'>) {
  const { may } = useSession();
  const [open, setOpen] = useState<keyof typeof DIALOGS>();
  const allowed = ACTIONS.filter(([name]) => may(`loyalty:${name}`));
  const Open = open && DIALOGS[open];
  if (allowed.length === 0) return null;
  return (
    <div class="actions">
      {allowed.map(([name, title], index) => (
        <button key={name} type="button" class={index === 0 ? 'primary' : ''} onClick={() => setOpen(name)}>
          {title}
        </button>
      ))}
      {Open && (
        <Open
          {...{ customer, balance }}
          onClose={() => setOpen(undefined)}
          onDone={(text) => {
            setOpen(undefined);
            onDone(text);
          }}
        />
      )}
    </div>
  );
}
