// Two records become one: which one lives on is chosen, read once more, and confirmed. It can't be undone.

import type { DuplicatePair, DuplicateRecord } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { Confirm } from '../customer/confirm.tsx';
import { day } from '../format.ts';
import { Dialog, DialogButtons } from '../parts/dialog.tsx';
import { Input, Select } from '../parts/field.tsx';
import { useSession } from '../session.ts';
import { useSend } from '../use-answer.ts';
import { titleOf } from './duplicates-page.tsx';

interface MergeProps {
  pair: DuplicatePair;
  onClose(): void;
  onDone(text: string, kept: string): void;
}

const optionOf = (record: DuplicateRecord) => `${titleOf(record)}, since ${day(record.created_at)}`;

export function MergeDialog({ pair: { customers }, onClose, onDone }: MergeProps) {
  const { client } = useSession();
  const [newer, older] = customers as [DuplicateRecord, DuplicateRecord];
  const [kept, setKept] = useState(older.id);
  const [reason, setReason] = useState('');
  const [sure, setSure] = useState(false);
  const merging = useSend((into: string, body: { from_customer_id: string; reason?: string }) =>
    client.customers.merge(into, body),
  );
  const [keep, lose] = kept === older.id ? [older, newer] : [newer, older];
  const confirm = async () => {
    const body = { from_customer_id: lose.id, ...(reason.trim() && { reason: reason.trim() }) };
    const merged = await merging.send(keep.id, body);
    if (merged !== undefined) onDone(`${titleOf(lose)} was merged into ${titleOf(keep)}.`, merged.id);
  };
  return (
    <Dialog title="Merge two records" onClose={onClose}>
      {sure ? (
        <Confirm action="Merge" sending={merging} onConfirm={confirm} onBack={() => setSure(false)}>
          <p>
            <strong>
              {optionOf(lose)}, is merged into {optionOf(keep)}.
            </strong>
          </p>
          <p>
            The points go along, and what this record lacks is taken from the other. Its id leads here from then on.
            This can not be undone.
          </p>
        </Confirm>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setSure(true);
          }}
        >
          <Select
            label="The record that lives on"
            value={kept}
            onChange={setKept}
            options={[older, newer].map((record) => [record.id, optionOf(record)])}
          />
          <Input
            label="Reason"
            value={reason}
            onChange={setReason}
            hint="Optional. For the audit log: nothing personal."
            autoFocus
          />
          <DialogButtons submit="Review" onClose={onClose} />
        </form>
      )}
    </Dialog>
  );
}
