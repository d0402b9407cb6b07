// Points spent: filled in, tried out, confirmed.

import type { BodyOf, DryRun } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { Fault } from '../faults.tsx';
import { points as countOf, wholeOf } from '../format.ts';
import { Dialog, DialogButtons } from '../parts/dialog.tsx';
import { Input } from '../parts/field.tsx';
import { useSession } from '../session.ts';
import { useSend } from '../use-answer.ts';
import type { MoveProps } from './actions.tsx';
import { Confirm, outcomeOf, Preview } from './confirm.tsx';
import { nameOf } from './customer-page.tsx';

type Body = BodyOf<'POST /customers/{customer_id}/loyalty/redeem'>;

export function RedeemDialog({ customer, balance, onClose, onDone }: MoveProps) {
  const { client } = useSession();
  const [points, setPoints] = useState('');
  const [order, setOrder] = useState('');
  const [missing, setMissing] = useState<string>();
  const [tried, setTried] = useState<{ body: Body; result: DryRun }>();
  const trying = useSend((body: Body) => client.loyalty.tryRedeem(customer.id, body));
  const booking = useSend((body: Body) => client.loyalty.redeem(customer.id, body, { wait: 5 }));

  const review = async (event: Event) => {
    event.preventDefault();
    const count = wholeOf(points);
    setMissing(count === undefined ? 'Give a whole number of points.' : undefined);
    if (count === undefined) return;
    const body = { points: count, ...(order.trim() && { order_id: order.trim() }) };
    const result = await trying.send(body);
    if (result !== undefined) setTried({ body, result });
  };
  const confirm = async () => {
    const transaction = tried && (await booking.send(tried.body));
    if (transaction !== undefined) onDone(outcomeOf(transaction));
  };

  return (
    <Dialog title="Redeem points" onClose={onClose}>
      {tried !== undefined ? (
        <Confirm
          action="Redeem"
          sending={booking}
          onConfirm={tried.result.rejection_code === null ? confirm : undefined}
          onBack={() => setTried(undefined)}
        >
          <Preview tried={tried.result} body={{}} who={nameOf(customer)} />
        </Confirm>
      ) : (
        <form onSubmit={review} noValidate>
          <Input
            label="Points"
            inputMode="numeric"
            value={points}
            onChange={setPoints}
            fault={missing}
            hint={`${countOf(balance.points_available)} to spend`}
            autoFocus
          />
          <Input label="Order" value={order} onChange={setOrder} hint="Optional." />
          <Fault of={trying.fault} />
          <DialogButtons submit="Review" busy={trying.busy} onClose={onClose} />
        </form>
      )}
    </Dialog>
  );
}
