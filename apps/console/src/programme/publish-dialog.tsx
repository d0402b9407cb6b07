// What a new version would do to the tiers, as the service counted it, and the button that puts it in force.

import type { NewProgramme, ProgrammeDryRun } from '@customer-service/client';
import { Confirm } from '../customer/confirm.tsx';
import { minute, number } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Tier } from '../parts/page.tsx';
import { useSession } from '../session.ts';
import { useSend } from '../use-answer.ts';

interface PublishProps {
  rules: NewProgramme;
  result: ProgrammeDryRun;
  etag: string;
  onClose(): void;
  onDone(text: string): void;
}

export function PublishDialog({ rules, result, etag, onClose, onDone }: PublishProps) {
  const { client } = useSession();
  const publishing = useSend(() => client.programme.put(rules, { if_match: etag }));
  const confirm = async () => {
    const version = await publishing.send();
    if (version !== undefined)
      onDone(`Version ${version.version} is written, in force from ${minute(version.effective_from)}.`);
  };
  const moved = result.moves.reduce((sum, { customers }) => sum + customers, 0);
  const begins = rules.effective_from ? `from ${minute(rules.effective_from)} on` : 'at once';
  return (
    <Dialog title="A new version of the programme" onClose={onClose}>
      <Confirm action="Publish" sending={publishing} onConfirm={confirm} onBack={onClose}>
        <p>
          <strong>
            {moved === 0 ? 'Nobody' : number(moved)} of {number(result.customers)} customers would hold another tier.
          </strong>
        </p>
        {moved > 0 && (
          <ul class="plain">
            {result.moves.map(({ from_tier, to_tier, customers }) => (
              <li key={from_tier + to_tier}>
                <Tier tier={from_tier} /> → <Tier tier={to_tier} />: {number(customers)}
              </li>
            ))}
          </ul>
        )}
        <p>It is in force {begins}, for purchases from then on. No version can be taken back; another can follow.</p>
      </Confirm>
    </Dialog>
  );
}
