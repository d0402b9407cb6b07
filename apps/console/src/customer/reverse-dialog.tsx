// Takes a line of the history back, all that is left of it or a part.

import type { BodyOf, Customer, LoyaltyTransaction } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { minorOf, minute, money, points, wholeOf } from '../format.ts';
import { Dialog, DialogButtons } from '../parts/dialog.tsx';
import { Input, Select } from '../parts/field.tsx';
import { useSession } from '../session.ts';
import { useSend } from '../use-answer.ts';
import { Confirm, outcomeOf } from './confirm.tsx';

type Body = BodyOf<'POST /customers/{customer_id}/loyalty/transactions/{transaction_id}/reverse'>;

interface ReverseProps {
  customer: Customer;
  line: LoyaltyTransaction;
  onClose(): void;
  onDone(text: string): void;
}

/** A purchase is taken back by its money, anything else by its points. A text says what is missing. */
function bodyOf(line: LoyaltyTransaction, how: string, part: string): Body | string {
  if (how === 'all') return {};
  if (line.amount_minor === null) {
    const count = wholeOf(part);
    return count === undefined ? 'Give a whole number of points.' : { points: count };
  }
  const amount_minor = minorOf(part);
  if (amount_minor === undefined) return 'Give an amount, such as 12.50.';
  return { amount_minor, currency: line.currency as NonNullable<Body['currency']> };
}

export function ReverseDialog({ customer, line, onClose, onDone }: ReverseProps) {
  const { client } = useSession();
  const [how, setHow] = useState('all');
  const [part, setPart] = useState('');
  const [missing, setMissing] = useState<string>();
  const [body, setBody] = useState<Body>();
  const ids = { customer_id: customer.id, transaction_id: line.id };
  const booking = useSend((given: Body) => client.loyalty.reverse(ids, given, { wait: 5 }));
  const isPurchase = line.amount_minor !== null;

  const review = (event: Event) => {
    event.preventDefault();
    const found = bodyOf(line, how, part);
    setMissing(typeof found === 'string' ? found : undefined);
    if (typeof found !== 'string') setBody(found);
  };
  const confirm = async () => {
    const transaction = body && (await booking.send(body));
    if (transaction !== undefined) onDone(outcomeOf(transaction));
  };

  return (
    <Dialog title="Reverse" onClose={onClose}>
      <p>
        {minute(line.occurred_at)}: {line.text}
      </p>
      {body !== undefined ? (
        <Confirm action="Reverse" sending={booking} onConfirm={confirm} onBack={() => setBody(undefined)}>
          <p>
            <strong>{partOf(body)} is taken back.</strong>
          </p>
        </Confirm>
      ) : (
        <form onSubmit={review} noValidate>
          <Select
            label="How much"
            value={how}
            onChange={setHow}
            options={[
              ['all', 'All that is left of it'],
              ['part', isPurchase ? 'A part of the amount' : 'A part of the points'],
            ]}
          />
          {how === 'part' && (
            <Input
              label={isPurchase ? `Amount in ${line.currency}` : 'Points'}
              inputMode={isPurchase ? 'decimal' : 'numeric'}
              value={part}
              onChange={setPart}
              fault={missing}
              autoFocus
            />
          )}
          <DialogButtons submit="Review" onClose={onClose} />
        </form>
      )}
    </Dialog>
  );
}

function partOf({ amount_minor, currency, points: count }: Body): string {
  if (amount_minor !== undefined) return `${money(amount_minor, currency)} of the purchase, with its points,`;
  return count === undefined ? 'All that is left of it' : points(count);
}
