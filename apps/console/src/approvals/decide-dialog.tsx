// The second person's word on a correction by hand, read once more and confirmed.

import type { Adjustment } from '@customer-service/client';
import { Confirm } from '../customer/confirm.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { useSession } from '../session.ts';
import { useSend } from '../use-answer.ts';
import { sentenceOf } from './approvals-page.tsx';

export type Decision = 'approve' | 'refuse';

interface DecideProps {
  adjustment: Adjustment;
  decision: Decision;
  onClose(): void;
  onDone(text: string): void;
}

export function DecideDialog({ adjustment, decision, onClose, onDone }: DecideProps) {
  const { client } = useSession();
  const deciding = useSend(() => client.adjustments[decision](adjustment.id));
  const confirm = async () => {
    const answer = await deciding.send();
    if (answer !== undefined) onDone(decision === 'approve' ? 'Approved and booked.' : 'Refused.');
  };
  const title = decision === 'approve' ? 'Approve' : 'Refuse';
  return (
    <Dialog title={title} onClose={onClose}>
      <Confirm action={title} sending={deciding} onConfirm={confirm} onBack={onClose}>
        <p>
          <strong>{sentenceOf(adjustment)}</strong>
        </p>
        <p>
          Asked for by {adjustment.requested_by ?? 'somebody'}.
          {decision === 'approve' ? ' It is booked at once.' : ' Nothing is booked.'}
        </p>
      </Confirm>
    </Dialog>
  );
}
