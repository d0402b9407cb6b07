// When points lapse, what a refund does, and how long a tier is kept.

import type { Programme } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { ChoiceField, NumberField } from './rule-fields.tsx';
import { DOWNGRADE, EXPIRY, SHORTFALL, WINDOW } from './rule-words.ts';

/** Of each way to lapse: the number it needs. */
const AMOUNTS: Partial<Record<string, readonly [name: string, label: string, value: number]>> = {
  rolling_days: ['days', 'Days', 365],
  rolling_months: ['months', 'Months', 12],
  end_of_month: ['after_months', 'Months later', 0],
  end_of_quarter: ['after_months', 'Months later', 0],
  end_of_year: ['after_months', 'Months later', 0],
  inactivity: ['days', 'Days', 365],
};

export function ExpiryFields({ expiry }: Pick<Programme, 'expiry'>) {
  const [policy, setPolicy] = useState<string>(expiry.policy);
  const [name, label, usual] = AMOUNTS[policy] ?? [];
  const known = (expiry as Record<string, unknown>)[name ?? ''];
  return (
    <section class="card" aria-labelledby="expiry">
      <h2 id="expiry">When points lapse</h2>
      <div class="row">
        <ChoiceField
          at="/expiry/policy"
          label="They lapse"
          value={expiry.policy}
          options={Object.entries(EXPIRY)}
          onChange={setPolicy}
        />
        {name !== undefined && (
          <NumberField
            key={policy}
            at={`/expiry/${name}`}
            label={label ?? ''}
            value={policy === expiry.policy && typeof known === 'number' ? known : usual}
          />
        )}
      </div>
    </section>
  );
}

export function RefundFields({ reversal }: Pick<Programme, 'reversal'>) {
  return (
    <section class="card" aria-labelledby="refunds">
      <h2 id="refunds">Refunds</h2>
      <div class="row">
        <ChoiceField
          at="/reversal/shortfall"
          label="Points spent already"
          value={reversal.shortfall}
          options={Object.entries(SHORTFALL)}
        />
        <NumberField
          at="/reversal/grace_days"
          label="Days for lapsed ones"
          value={reversal.grace_days ?? 0}
          hint="Given back after they lapsed: so long they live"
        />
      </div>
    </section>
  );
}

export function TieringFields({ tiering }: Pick<Programme, 'tiering'>) {
  const [window, setWindow] = useState<string>(tiering.window);
  return (
    <section class="card" aria-labelledby="tiering">
      <h2 id="tiering">What counts for tiers</h2>
      <div class="row">
        <ChoiceField
          at="/tiering/window"
          label="Time that counts"
          value={tiering.window}
          options={Object.entries(WINDOW)}
          onChange={setWindow}
        />
        {window === 'rolling_months' && (
          <NumberField at="/tiering/months" label="Months" value={tiering.months ?? 12} />
        )}
        <NumberField at="/tiering/grace_days" label="Days of grace" value={tiering.grace_days ?? 0} />
        <ChoiceField
          at="/tiering/downgrade"
          label="When the time is over"
          value={tiering.downgrade}
          options={Object.entries(DOWNGRADE)}
        />
      </div>
    </section>
  );
}
