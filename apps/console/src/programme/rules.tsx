// One version of the rules, in words.

import type { Programme } from '@customer-service/client';
import { minute, money, number, points } from '../format.ts';
import { Tier } from '../parts/page.tsx';
import { factor, inWords } from './rule-words.ts';

export function Rules({ programme }: { programme: Programme }) {
  const { earn } = programme;
  return (
    <>
      <section class="card" aria-labelledby="rules">
        <h2 id="rules">Rules</h2>
        <dl class="facts">
          {inWords(programme).map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </section>
      <TierTable tiers={programme.tiers} />
      {(earn.campaigns ?? []).length > 0 && (
        <section class="card" aria-labelledby="campaigns">
          <h2 id="campaigns">Campaigns</h2>
          <ul>
            {earn.campaigns?.map(({ name, from, to, multiplier_bp, tiers }) => (
              <li key={name + from}>
                <b>{name}</b>, {factor(multiplier_bp)} from {minute(from)} to {minute(to)}
                {tiers && tiers.length > 0 && ` for ${tiers.join(', ')}`}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function TierTable({ tiers }: Pick<Programme, 'tiers'>) {
  return (
    <section class="card" aria-labelledby="tiers">
      <h2 id="tiers">Tiers</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Tier</th>
              <th scope="col">Reached by any of</th>
              <th scope="col" class="right">
                Points of a purchase
              </th>
            </tr>
          </thead>
          <tbody>
            {tiers.map((rule) => (
              <tr key={rule.tier}>
                <th scope="row">
                  <Tier tier={rule.tier} />
                </th>
                <td>{waysTo(rule)}</td>
                <td class="right">{factor(rule.multiplier_bp)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function waysTo(rule: Programme['tiers'][number]): string {
  if (rule.tier === 'bronze') return 'Everybody has it';
  const { spend_threshold_minor: spend, visits_threshold: visits, points_threshold } = rule;
  const ways = [
    spend != null && `${money(spend)} spent`,
    visits != null && `${number(visits)} visits`,
    points_threshold != null && points(points_threshold),
  ];
  return ways.filter(Boolean).join(' · ') || 'No way to it';
}
