// What is earned in which currency: a row each, and the currencies that could be added.

import type { Programme } from '@customer-service/client';
import { CURRENCIES } from '@customer-service/domain';
import { useState } from 'preact/hooks';
import { Select } from '../parts/field.tsx';
import { ChoiceField, NumberField } from './rule-fields.tsx';
import { ROUNDING } from './rule-words.ts';

type Currency = (typeof CURRENCIES)[number];

export function Rates({ earn }: Pick<Programme, 'earn'>) {
  const [currencies, setCurrencies] = useState(Object.keys(earn.rates) as Currency[]);
  const rest = CURRENCIES.filter((currency) => !currencies.includes(currency));
  return (
    <section class="card" aria-labelledby="rates">
      <h2 id="rates">What is earned</h2>
      <div class="scroll">
        <table class="form">
          <thead>
            <tr>
              <th scope="col">Currency</th>
              <th scope="col">Points</th>
              <th scope="col">For each</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {currencies.map((currency) => (
              <tr key={currency}>
                <th scope="row">{currency}</th>
                <td>
                  <NumberField
                    at={`/earn/rates/${currency}/points`}
                    label={`Points for ${currency}`}
                    value={earn.rates[currency]?.points ?? 1}
                    inTable
                  />
                </td>
                <td>
                  <NumberField
                    at={`/earn/rates/${currency}/per_minor`}
                    label={`For each so many ${currency}`}
                    value={earn.rates[currency]?.per_minor ?? 100}
                    unit={100}
                    inTable
                  />
                </td>
                <td class="right">
                  <button
                    type="button"
                    class="small"
                    aria-label={`Remove ${currency}`}
                    onClick={() => setCurrencies(currencies.filter((each) => each !== currency))}
                  >
                    Remove
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="row">
        {rest.length > 0 && (
          <Select
            label="Add a currency"
            value=""
            onChange={(currency) => setCurrencies([...currencies, currency as Currency])}
            options={[['', 'Choose …'], ...rest.map((currency): [string, string] => [currency, currency])]}
          />
        )}
        <ChoiceField
          at="/earn/rounding"
          label="Parts of points are rounded"
          value={earn.rounding ?? 'down'}
          options={Object.entries(ROUNDING)}
        />
      </div>
    </section>
  );
}
