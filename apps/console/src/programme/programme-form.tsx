// The form of a new version. It begins with the rules of the latest one, is tried out on every customer, and is published
// only after that has been read.

import { type NewProgramme, ProblemError, type Programme, type ProgrammeDryRun } from '@customer-service/client';
import { useRef, useState } from 'preact/hooks';
import { Fault } from '../faults.tsx';
import { useSession } from '../session.ts';
import { useSend } from '../use-answer.ts';
import { Campaigns, Multipliers } from './extra-points.tsx';
import { PublishDialog } from './publish-dialog.tsx';
import { Rates } from './rates.tsx';
import { Faults, NumberField, RuleField } from './rule-fields.tsx';
import { faultsByPlace, readRules } from './rules-form.ts';
import { ExpiryFields, RefundFields, TieringFields } from './terms.tsx';
import { TierFields } from './tier-fields.tsx';

interface ProgrammeFormProps {
  rules: Programme;
  /** Of what was read: a version that somebody else writes meanwhile is not overlooked. */
  etag: string;
  onClose(): void;
  onDone(text: string): void;
}

export function ProgrammeForm({ rules, etag, onClose, onDone }: ProgrammeFormProps) {
  const { client } = useSession();
  const form = useRef<HTMLFormElement>(null);
  const [tried, setTried] = useState<{ rules: NewProgramme; result: ProgrammeDryRun }>();
  const trying = useSend((written: NewProgramme) => client.programme.try(written));
  const faults = trying.fault instanceof ProblemError ? trying.fault.errors : [];
  const attempt = async (event: Event) => {
    event.preventDefault();
    if (form.current === null) return;
    const written = readRules(form.current);
    const result = await trying.send(written);
    if (result !== undefined) setTried({ rules: written, result });
  };
  return (
    <Faults.Provider value={faultsByPlace(faults)}>
      <form ref={form} onSubmit={attempt} noValidate aria-label="A new version">
        <Rates earn={rules.earn} />
        <section class="card" aria-labelledby="limits">
          <h2 id="limits">Limits</h2>
          <div class="row">
            <NumberField
              at="/earn/max_points_per_transaction"
              label="Points a purchase, at the most"
              value={rules.earn.max_points_per_transaction}
              placeholder="No limit"
            />
            <NumberField
              at="/earn/max_points_per_day"
              label="Points a day, at the most"
              value={rules.earn.max_points_per_day}
              placeholder="No limit"
            />
            <NumberField
              at="/redeem/minimum_points"
              label="Points redeemed, at the least"
              value={rules.redeem?.minimum_points ?? 1}
            />
          </div>
        </section>
        <TierFields tiers={rules.tiers} />
        <TieringFields tiering={rules.tiering} />
        <div class="columns">
          <ExpiryFields expiry={rules.expiry} />
          <RefundFields reversal={rules.reversal} />
        </div>
        <Multipliers multipliers={rules.earn.multipliers ?? []} />
        <Campaigns campaigns={rules.earn.campaigns ?? []} />
        <section class="card" aria-labelledby="begins">
          <h2 id="begins">When it begins</h2>
          <div class="narrow">
            <RuleField
              at="/effective_from"
              label="In force from"
              value=""
              kind="moment"
              type="datetime-local"
              hint="In your time. Empty: at once."
            />
          </div>
        </section>
        <Fault of={trying.fault} />
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={trying.busy}>
            {trying.busy ? 'Trying …' : 'Try it out'}
          </button>
        </div>
      </form>
      {tried && <PublishDialog {...tried} etag={etag} onClose={() => setTried(undefined)} onDone={onDone} />}
    </Faults.Provider>
  );
}
