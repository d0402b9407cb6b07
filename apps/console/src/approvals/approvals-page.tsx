// Corrections by hand that wait for a second person, and what became of the others.

import type { Adjustment } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { Fault } from '../faults.tsx';
import { minute, points, words } from '../format.ts';
import { Select } from '../parts/field.tsx';
import { Page } from '../parts/page.tsx';
import { linkTo } from '../router.ts';
import { useSession } from '../session.ts';
import { useList } from '../use-list.ts';
import { DecideDialog, type Decision } from './decide-dialog.tsx';

const STATUSES = [
  ['awaiting_approval', 'Waiting'],
  ['approved', 'Approved'],
  ['refused', 'Refused'],
] as const;

export function ApprovalsPage() {
  const { client } = useSession();
  const [status, setStatus] = useState<string>('awaiting_approval');
  const [done, setDone] = useState({ count: 0, text: '' });
  const [deciding, setDeciding] = useState<{ adjustment: Adjustment; decision: Decision }>();
  const { items, isPart, busy, fault, more, reload } = useList(
    async (cursor, signal) => {
      const query = { status: status as Adjustment['status'], ...(cursor && { cursor }) };
      return (await client.request('GET /loyalty/adjustments', { query, ...(signal && { signal }) })).body;
    },
    [status, done.count],
  );
  return (
    <Page title="Approvals">
      <div role="status">{done.text && <div class="notice ok">{done.text}</div>}</div>
      <div class="narrow">
        <Select label="Show" value={status} onChange={setStatus} options={STATUSES} />
      </div>
      <Fault of={fault} onRetry={reload} />
      {items?.length === 0 && <p class="quiet">None.</p>}
      {items?.map((adjustment) => (
        <Request
          key={adjustment.id}
          adjustment={adjustment}
          onDecide={(decision) => setDeciding({ adjustment, decision })}
        />
      ))}
      {isPart && (
        <button type="button" disabled={busy} onClick={more}>
          Show more
        </button>
      )}
      {deciding && (
        <DecideDialog
          {...deciding}
          onClose={() => setDeciding(undefined)}
          onDone={(text) => {
            setDeciding(undefined);
            setDone(({ count }) => ({ count: count + 1, text }));
          }}
        />
      )}
    </Page>
  );
}

export const sentenceOf = ({ type, points: count, reason_code }: Adjustment) =>
  `${type === 'adjust_credit' ? 'Give' : 'Take'} ${points(count)} (${words(reason_code).toLowerCase()})`;

function Request({ adjustment, onDecide }: { adjustment: Adjustment; onDecide(decision: Decision): void }) {
  const { may } = useSession();
  const { customer_id, note, requested_by, requested_at, decided_by, decided_at, status } = adjustment;
  return (
    <section class="card" aria-label={sentenceOf(adjustment)}>
      <h2>{sentenceOf(adjustment)}</h2>
      {note && <p>{note}</p>}
      <p>
        <a href={linkTo('customers', customer_id)}>The customer</a>
        <span class="quiet">
          {' '}
          · asked for by {requested_by ?? 'somebody'}, {minute(requested_at)}
          {decided_at && ` · ${status} by ${decided_by ?? 'somebody'}, ${minute(decided_at)}`}
        </span>
      </p>
      {status === 'awaiting_approval' && may('loyalty:approve') && (
        <div class="buttons start">
          <button type="button" class="primary" onClick={() => onDecide('approve')}>
            Approve
          </button>
          <button type="button" onClick={() => onDecide('refuse')}>
            Refuse
          </button>
        </div>
      )}
    </section>
  );
}
