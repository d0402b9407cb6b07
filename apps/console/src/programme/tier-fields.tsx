// The tiers: which there are, how each is reached, and what its holders earn.

import type { Programme } from '@customer-service/client';
import { TIERS } from '@customer-service/domain';
import { useState } from 'preact/hooks';
import { words } from '../format.ts';
import { NumberField } from './rule-fields.tsx';

const THRESHOLDS = [
  ['spend_threshold_minor', 'Spent', 100],
  ['visits_threshold', 'Visits', 1],
  ['points_threshold', 'Points earned', 1],
] as const;

export function TierFields({ tiers }: Pick<Programme, 'tiers'>) {
  const [used, setUsed] = useState<readonly string[]>(tiers.map(({ tier }) => tier));
  const toggle = (tier: string) =>
    setUsed(TIERS.filter((each) => (each === tier ? !used.includes(each) : used.includes(each))));
  return (
    <section class="card" aria-labelledby="tiers">
      <h2 id="tiers">Tiers</h2>
      <p class="quiet">Any one of the three reaches a tier; an empty field is no way to it.</p>
      <div class="scroll">
        <table class="form">
          <thead>
            <tr>
              <th scope="col">Tier</th>
              {THRESHOLDS.map(([name, label]) => (
                <th key={name} scope="col">
                  {label}
                </th>
              ))}
              <th scope="col">Points ×</th>
            </tr>
          </thead>
          <tbody>
            {TIERS.map((tier) => (
              <tr key={tier}>
                <th scope="row">
                  <label class="check">
                    <input
                      type="checkbox"
                      checked={used.includes(tier)}
                      disabled={tier === TIERS[0]}
                      onChange={() => toggle(tier)}
                    />
                    {words(tier)}
                  </label>
                </th>
                {used.includes(tier) && (
                  <TierRow
                    tier={tier}
                    at={`/tiers/${used.indexOf(tier)}`}
                    rule={tiers.find((rule) => rule.tier === tier)}
                  />
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface TierRowProps {
  tier: string;
  at: string;
  /** Undefined: of a tier that is new. */
  rule: Programme['tiers'][number] | undefined;
}

function TierRow({ tier, at, rule }: TierRowProps) {
  return (
    <>
      {THRESHOLDS.map(([name, label, unit]) => (
        <td key={name}>
          <NumberField at={`${at}/${name}`} label={`${label} for ${tier}`} value={rule?.[name]} unit={unit} inTable />
        </td>
      ))}
      <td>
        <input type="hidden" name={`${at}/tier`} value={tier} data-kind="text" />
        <NumberField
          at={`${at}/multiplier_bp`}
          label={`Points of ${tier}, times`}
          value={rule?.multiplier_bp ?? 10_000}
          unit={10_000}
          inTable
        />
      </td>
    </>
  );
}
