// A profile in which every field that can hold a mark holds one of its own, to be looked for where it must not be.

import type { CustomerProfile } from '@customer-service/domain';

/** Every field that can hold a word holds one that is found nowhere else. */
export function markedProfile(mark: (name: string) => string): CustomerProfile {
  const address = {
    ...{ label: mark('label'), street: mark('street'), city: mark('city'), state: mark('state') },
    ...{ postal_code: mark('zip'), country: 'GB', is_primary: true },
  };
  return {
    external_id: mark('external_id'),
    first_name: mark('first_name'),
    last_name: mark('last_name'),
    email: `${mark('email')}@example.com`,
    phone: '+4475550123456',
    alternate_email: `${mark('alternate_email')}@example.com`,
    alternate_phone: '+4475550654321',
    addresses: [address],
    date_of_birth: '1815-12-10',
    gender: mark('gender'),
    preferences: {
      dietary_restrictions: [mark('diet')],
      allergies: [
        { allergen: mark('allergy'), severity: 'mild', noted_by: mark('noted_by'), noted_at: '2026-01-02T03:04:05Z' },
      ],
      consents: [
        {
          purpose: 'marketing',
          channel: null,
          granted: true,
          source: mark('consent'),
          recorded_at: '2026-01-02T03:04:05Z',
        },
      ],
      favorite_cuisines: [mark('cuisine')],
      preferred_payment_method: mark('payment'),
      notification_channels: ['email'],
      marketing_consent: true,
      language: 'cy-marker01',
    },
    status: 'active',
    tags: [mark('tag')],
    notes: mark('notes'),
    referral_source: mark('referral'),
    metadata: { [mark('metadata_name')]: mark('metadata') },
  };
}
