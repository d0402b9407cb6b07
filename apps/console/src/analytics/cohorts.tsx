// Those who joined in a month, and which part of them bought in the months after. The numbers say it; the colour behind
// them only helps the eye.

import type { AnalyticsCohorts } from '@customer-service/client';
import { useId } from 'preact/hooks';
import { number } from '../format.ts';

type Cohort = AnalyticsCohorts['cohorts'][number];

/** Steps of colour, of a fifth each. */
const STEPS = 5;

export function Cohorts({ cohorts: { cohorts, months } }: { cohorts: AnalyticsCohorts }) {
  const id = useId();
  return (
    <figure class="card chart tall" aria-labelledby={id}>
      <figcaption id={id}>
        Who came back
        <small class="quiet">
          Of those who joined in a month: how many bought in that month, and in each month after. The last month may not
          be over.
        </small>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: nothing in it takes the focus, and it scrolls by the arrow keys */}
      <section class="scroll" tabIndex={0} aria-labelledby={id}>
        <table class="cohorts">
          <thead>
            <tr>
              <th scope="col">Joined</th>
              <th scope="col" class="right">
                Customers
              </th>
              {Array.from({ length: months }, (_, after) => (
                <th key={after} scope="col" class="right">
                  <span class="hidden">Bought </span>
                  {after === 0 ? 'that month' : `+${after}`}
                  {after > 0 && <span class="hidden"> months</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...cohorts].reverse().map((cohort) => (
              <Row key={cohort.month} cohort={cohort} months={months} />
            ))}
          </tbody>
        </table>
      </section>
    </figure>
  );
}

function Row({ cohort: { month, customers, bought }, months }: { cohort: Cohort; months: number }) {
  return (
    <tr>
      <th scope="row">{month}</th>
      <td class="right">{number(customers)}</td>
      {bought.map((count, after) => (
        <td key={after} class={`right ${heat(count, customers)}`}>
          {customers > 0 && (
            <>
              <b>{Math.round((100 * count) / customers)}%</b>
              <small>{number(count)}</small>
            </>
          )}
        </td>
      ))}
      {bought.length < months && <td colSpan={months - bought.length} />}
    </tr>
  );
}

const heat = (count: number, customers: number) => (count > 0 ? `heat-${Math.ceil((STEPS * count) / customers)}` : '');
