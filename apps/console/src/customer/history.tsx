// Every line of the ledger with its explanation, the newest first; what can be taken back has the button for it.

import type { Customer, LoyaltyTransaction } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { Fault } from '../faults.tsx';
import { minute, number, words } from '../format.ts';
import { useSession } from '../session.ts';
import { useList } from '../use-list.ts';
import { ReverseDialog } from './reverse-dialog.tsx';

const LIST = 'GET /customers/{customer_id}/loyalty/transactions';
const PAGE = 20;
const REVERSIBLE = new Set(['earn', 'redeem', 'capture']);
const TAKES = new Set(['redeem', 'capture', 'reverse_earn', 'adjust_debit', 'expire', 'repay', 'transfer_out']);
const NEITHER = new Set(['hold', 'release']);

interface HistoryProps {
  customer: Customer;
  turn: number;
  onDone(text: string): void;
}

export function History({ customer, turn, onDone }: HistoryProps) {
  const { client, may } = useSession();
  const [reversing, setReversing] = useState<LoyaltyTransaction>();
  const path = { customer_id: customer.id };
  const { items, isPart, busy, fault, more, reload } = useList(
    async (cursor, signal) => {
      const query = { limit: PAGE, ...(cursor && { cursor }) };
      return (await client.request(LIST, { path, query, ...(signal && { signal }) })).body;
    },
    [customer.id, turn],
  );
  return (
    <section class="card" aria-labelledby="history">
      <h2 id="history">History</h2>
      <Fault of={fault} onRetry={reload} />
      {items?.length === 0 && <p class="quiet">Nothing has happened yet.</p>}
      {items !== undefined && items.length > 0 && (
        <div class="scroll">
          <table class="history">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What and why</th>
                <th scope="col" class="right">
                  Points
                </th>
                <th scope="col" class="right extra">
                  Balance
                </th>
                <td />
              </tr>
            </thead>
            <tbody>
              {items.map((line) => (
                <Line key={line.id} line={line} onReverse={may('loyalty:reverse') && (() => setReversing(line))} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isPart && (
        <button type="button" disabled={busy} onClick={more}>
          Show older
        </button>
      )}
      {reversing && (
        <ReverseDialog
          customer={customer}
          line={reversing}
          onClose={() => setReversing(undefined)}
          onDone={(text) => {
            setReversing(undefined);
            onDone(text);
          }}
        />
      )}
    </section>
  );
}

function Line({ line, onReverse }: { line: LoyaltyTransaction; onReverse: false | (() => void) }) {
  const { type, status, order_id, description, balance_after } = line;
  const notes = [order_id && `Order ${order_id}`, description].filter(Boolean).join(' · ');
  return (
    <tr class={status}>
      <td class="when">{minute(line.occurred_at)}</td>
      <td>
        {line.text}
        {notes && <small class="quiet">{notes}</small>}
      </td>
      <td class="right">{status === 'applied' ? signed(line) : words(status)}</td>
      <td class="right extra">{balance_after !== null && status === 'applied' && number(balance_after)}</td>
      <td class="right">
        {onReverse && status === 'applied' && REVERSIBLE.has(type) && (
          <button type="button" class="small" aria-label={`Reverse: ${line.text}`} onClick={onReverse}>
            Reverse
          </button>
        )}
      </td>
    </tr>
  );
}

function signed({ type, points }: LoyaltyTransaction): string {
  const count = number(points ?? 0);
  if (points === 0 || NEITHER.has(type)) return count;
  return TAKES.has(type) ? `−${count}` : `+${count}`;
}
