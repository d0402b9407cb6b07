// The person: how to reach them, and what they like.

import type { Address, Customer } from '@customer-service/client';
import { day, words } from '../format.ts';

export function Profile({ customer }: { customer: Customer }) {
  const facts = [...contactOf(customer), ...preferencesOf(customer.preferences)];
  return (
    <section class="card" aria-labelledby="profile">
      <h2 id="profile">Profile and preferences</h2>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {customer.notes && <p class="notes">{customer.notes}</p>}
    </section>
  );
}

type Facts = [name: string, value: string][];

const known = (facts: readonly (readonly [string, string | null | undefined])[]): Facts =>
  facts.filter((fact): fact is [string, string] => !!fact[1]);

function contactOf(customer: Customer): Facts {
  const { email, phone, alternate_email, alternate_phone, external_id, date_of_birth, gender, addresses, tags } =
    customer;
  return known([
    ['Email', [email, alternate_email].filter(Boolean).join(', ')],
    ['Phone', [phone, alternate_phone].filter(Boolean).join(', ')],
    ['Your id', external_id],
    ['Born', date_of_birth && day(date_of_birth)],
    ['Gender', gender],
    ...addresses.map((address) => [address.label ? words(address.label) : 'Address', addressOf(address)] as const),
    ['Tags', tags?.join(', ')],
    ['Came by', customer.referral_source],
  ]);
}

const addressOf = ({ street, postal_code, city, state, country }: Address) =>
  [street, [postal_code, city].filter(Boolean).join(' '), state, country].filter(Boolean).join(', ');

function preferencesOf(preferences: Customer['preferences']): Facts {
  const { favorite_cuisines, preferred_payment_method, notification_channels, language, consents } = preferences;
  const granted = consents.filter((consent) => consent.granted);
  return known([
    ['Cuisines', favorite_cuisines.map(words).join(', ')],
    ['Pays by', preferred_payment_method && words(preferred_payment_method)],
    ['Language', language],
    ['Told by', notification_channels.map(words).join(', ')],
    ['Marketing', preferences.marketing_consent ? 'Agreed' : 'Not agreed'],
    ['Consents', granted.map(({ purpose, channel }) => words(purpose) + (channel ? ` by ${channel}` : '')).join(', ')],
  ]);
}
