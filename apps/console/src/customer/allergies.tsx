// What must not be overlooked when the customer is served: above everything else on the page.

import type { Customer } from '@customer-service/client';
import { words } from '../format.ts';

export function Allergies({ preferences }: { preferences: Customer['preferences'] }) {
  const { allergies, dietary_restrictions } = preferences;
  if (allergies.length === 0 && dietary_restrictions.length === 0) return null;
  return (
    <section class="notice bad" aria-label="Allergies and diet">
      {allergies.length > 0 && (
        <p>
          <strong>Allergies: </strong>
          {allergies.map(({ allergen, severity }, index) => (
            <span key={allergen}>
              {index > 0 && ', '}
              <b>{words(allergen)}</b>
              {severity !== 'unknown' && ` (${severity})`}
            </span>
          ))}
        </p>
      )}
      {dietary_restrictions.length > 0 && (
        <p>
          <strong>Diet: </strong>
          {dietary_restrictions.map(words).join(', ')}
        </p>
      )}
    </section>
  );
}
