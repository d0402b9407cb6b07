// Points by a purchase or as a gift: filled in, tried out, confirmed.

import type { BodyOf, DryRun } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { Fault } from '../faults.tsx';
import { minorOf, wholeOf } from '../format.ts';
import { Dialog, DialogButtons } from '../parts/dialog.tsx';
import { Input, Select } from '../parts/field.tsx';
import { useSession } from '../session.ts';
import { useAnswer, useSend } from '../use-answer.ts';
import type { MoveProps } from './actions.tsx';
import { Confirm, outcomeOf, Preview } from './confirm.tsx';
import { nameOf } from './customer-page.tsx';

type Body = BodyOf<'POST /customers/{customer_id}/loyalty/earn'>;

const EMPTY = { kind: 'purchase', amount: '', currency: '', points: '', order: '', note: '' };
const KINDS = [
  ['purchase', 'A purchase'],
  ['bonus', 'Points without a purchase'],
] as const;

/** A text says what is missing. */
function bodyOf({ kind, amount, currency, points, order, note }: typeof EMPTY): Body | string {
  const texts = { ...(order.trim() && { order_id: order.trim() }), ...(note.trim() && { description: note.trim() }) };
  if (kind === 'bonus') {
    const count = wholeOf(points);
    return count === undefined ? 'Give a whole number of points.' : { points: count, ...texts };
  }
  const amount_minor = minorOf(amount);
  if (amount_minor === undefined) return 'Give an amount, such as 12.50.';
  return { amount_minor, currency: currency as NonNullable<Body['currency']>, ...texts };
}

export function EarnDialog({ customer, onClose, onDone }: MoveProps) {
  const { client } = useSession();
  const currencies = useCurrencies();
  const [form, setForm] = useState(EMPTY);
  const [missing, setMissing] = useState<string>();
  const [tried, setTried] = useState<{ body: Body; result: DryRun }>();
  const trying = useSend((body: Body) => client.loyalty.tryEarn(customer.id, body));
  const booking = useSend((body: Body) => client.loyalty.earn(customer.id, body, { wait: 5 }));
  const filled = { ...form, currency: form.currency || (currencies[0] ?? '') };

  const review = async (event: Event) => {
    event.preventDefault();
    const body = bodyOf(filled);
    setMissing(typeof body === 'string' ? body : undefined);
    if (typeof body === 'string') return;
    const result = await trying.send(body);
    if (result !== undefined) setTried({ body, result });
  };
  const confirm = async () => {
    const transaction = tried && (await booking.send(tried.body));
    if (transaction !== undefined) onDone(outcomeOf(transaction));
  };

  return (
    <Dialog title="Earn points" onClose={onClose}>
      {tried !== undefined ? (
        <Confirm
          action="Book it"
          sending={booking}
          onConfirm={tried.result.rejection_code === null ? confirm : undefined}
          onBack={() => setTried(undefined)}
        >
          <Preview tried={tried.result} body={tried.body} who={nameOf(customer)} />
        </Confirm>
      ) : (
        <form onSubmit={review} noValidate>
          <EarnFields {...{ form: filled, setForm, currencies, missing }} />
          <Fault of={trying.fault} />
          <DialogButtons submit="Review" busy={trying.busy} onClose={onClose} />
        </form>
      )}
    </Dialog>
  );
}

interface EarnFieldsProps {
  form: typeof EMPTY;
  setForm(form: typeof EMPTY): void;
  currencies: readonly string[];
  missing: string | undefined;
}

function EarnFields({ form, setForm, currencies, missing }: EarnFieldsProps) {
  const set = (name: keyof typeof EMPTY) => (value: string) => setForm({ ...form, [name]: value });
  return (
    <>
      <Select label="For" value={form.kind} onChange={set('kind')} options={KINDS} />
      {form.kind === 'bonus' ? (
        <Input label="Points" inputMode="numeric" value={form.points} onChange={set('points')} fault={missing} />
      ) : (
        <div class="row">
          <Input
            label="Amount"
            inputMode="decimal"
            value={form.amount}
            onChange={set('amount')}
            fault={missing}
            autoFocus
          />
          <Select
            label="Currency"
            value={form.currency}
            onChange={set('currency')}
            options={currencies.map((currency) => [currency, currency])}
          />
        </div>
      )}
      <Input label="Order" value={form.order} onChange={set('order')} hint="Optional. A refund finds it by this." />
      <Input label="Note" value={form.note} onChange={set('note')} hint="Optional. Kept for ever: nothing personal." />
    </>
  );
}

/** Those the programme in force has a rate for; the commonest first. */
function useCurrencies(): readonly string[] {
  const { client } = useSession();
  const { answer } = useAnswer((signal) => client.programme.get({ signal }));
  const rated = Object.keys(answer?.current.earn.rates ?? {});
  return ['USD', 'EUR', 'GBP']
    .filter((currency) => rated.includes(currency))
    .concat(rated.filter((currency) => !['USD', 'EUR', 'GBP'].includes(currency)));
}
