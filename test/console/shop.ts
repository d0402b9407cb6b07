// The customers that the console's tests look at.

import { randomUUID } from 'node:crypto';
import type { Service } from '../helpers/service.ts';

export async function createCustomer(service: Service, profile: object): Promise<string> {
  const { body } = await service.request('POST', '/customers', { body: profile });
  return body.id as string;
}

/** Posts a movement and waits for what came of it. */
export async function move(service: Service, id: string, [what, body]: [what: string, body: object]): Promise<string> {
  const headers = { 'Idempotency-Key': randomUUID(), Prefer: 'wait=5' };
  const answer = await service.request('POST', `/customers/${id}/loyalty/${what}`, { body, headers });
  if (answer.body.status !== 'applied') throw new Error(`${what}: ${JSON.stringify(answer.body)}`);
  return answer.body.id as string;
}

export const ADA = {
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: 'ada@example.com',
  phone: '+441632960001',
  date_of_birth: '1985-12-10',
  addresses: [
    { label: 'home', street: '12 St James’s Square', city: 'London', postal_code: 'SW1Y 4JH', country: 'GB' },
  ],
  tags: ['regular', 'window seat'],
  notes: 'Comes on Thursdays. Likes the corner table.',
  preferences: {
    allergies: [
      { allergen: 'peanuts', severity: 'severe' },
      { allergen: 'milk', severity: 'mild' },
    ],
    dietary_restrictions: ['vegetarian'],
    favorite_cuisines: ['italian', 'japanese'],
    notification_channels: ['email'],
    marketing_consent: true,
    language: 'en',
  },
};
