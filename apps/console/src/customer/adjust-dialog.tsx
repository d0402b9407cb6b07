// A correction by hand: filled in with its reason, read once more, confirmed. A large one waits for a second person.

import type { Adjustment, BodyOf, LoyaltyTransaction } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { points as countOf, number, wholeOf, words } from '../format.ts';
import { Dialog, DialogButtons } from '../parts/dialog.tsx';
import { Input, Select } from '../parts/field.tsx';
import { useSession } from '../session.ts';
import { useSend } from '../use-answer.ts';
import type { MoveProps } from './actions.tsx';
import { Confirm, outcomeOf } from './confirm.tsx';
import { nameOf } from './customer-page.tsx';

type Body = BodyOf<'POST /customers/{customer_id}/loyalty/adjustments'>;

const DIRECTIONS = [
  ['credit', 'Credit: give points'],
  ['debit', 'Debit: take points'],
] as const;
const REASONS = ['goodwill', 'correction', 'complaint', 'migration', 'fraud', 'other'] as const;

export function AdjustDialog({ customer, balance, onClose, onDone }: MoveProps) {
  const { client, me } = useSession();
  const [form, setForm] = useState({ direction: 'credit', points: '', reason_code: 'goodwill', note: '' });
  const [missing, setMissing] = useState<string>();
  const [body, setBody] = useState<Body>();
  const booking = useSend((given: Body) => client.loyalty.adjust(customer.id, given, { wait: 5 }));
  const set = (name: keyof typeof form) => (value: string) => setForm({ ...form, [name]: value });

  const review = (event: Event) => {
    event.preventDefault();
    const points = wholeOf(form.points);
    setMissing(points === undefined ? 'Give a whole number of points.' : undefined);
    const { direction, reason_code, note } = form as unknown as Body & { note: string };
    if (points !== undefined) setBody({ direction, reason_code, points, ...(note.trim() && { note: note.trim() }) });
  };
  const confirm = async () => {
    const answer = body && (await booking.send(body));
    if (answer !== undefined) onDone(resultOf(answer));
  };

  return (
    <Dialog title="Adjust the balance" onClose={onClose}>
      {body !== undefined ? (
        <Confirm action="Adjust" sending={booking} onConfirm={confirm} onBack={() => setBody(undefined)}>
          <p>
            <strong>
              {nameOf(customer)} {body.direction === 'credit' ? 'is given' : 'loses'} {countOf(body.points)}.
            </strong>
          </p>
          <p>
            {words(body.reason_code)}, balance now {number(balance.points_balance)}.
            {body.points > me.adjustment_limit &&
              ' This is more than you decide alone: a second person must approve it.'}
          </p>
        </Confirm>
      ) : (
        <form onSubmit={review} noValidate>
          <Select label="Direction" value={form.direction} onChange={set('direction')} options={DIRECTIONS} />
          <Input
            label="Points"
            inputMode="numeric"
            value={form.points}
            onChange={set('points')}
            fault={missing}
            hint={`Up to ${number(me.adjustment_limit)} you decide alone`}
            autoFocus
          />
          <Select
            label="Reason"
            value={form.reason_code}
            onChange={set('reason_code')}
            options={REASONS.map((reason) => [reason, words(reason)])}
          />
          <Input
            label="Note"
            value={form.note}
            onChange={set('note')}
            hint="Optional. Kept for ever: nothing personal."
          />
          <DialogButtons submit="Review" onClose={onClose} />
        </form>
      )}
    </Dialog>
  );
}

function resultOf(answer: LoyaltyTransaction | Adjustment): string {
  const waits = answer.status === 'awaiting_approval';
  return waits ? 'Asked for: a second person must approve it.' : outcomeOf(answer as LoyaltyTransaction);
}
