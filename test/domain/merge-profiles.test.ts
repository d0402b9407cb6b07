// Which word stands when two records of one person become one: a table, field by field, and what holds for all.

import {
  type Allergy,
  type CustomerProfile,
  mergeProfiles,
  overfullLists,
  PROFILE_LIMITS,
} from '@customer-service/domain';
import { expect } from 'chai';
import fc from 'fast-check';
import { a_profile } from '../store/fixtures.ts';

type Fields = Partial<Omit<CustomerProfile, 'preferences'>>;

const merged = (target: Fields, source: Fields) =>
  mergeProfiles({ ...a_profile, ...target }, { ...a_profile, first_name: 'Source', last_name: 'S', ...source });

const home = { label: 'home', street: '1 High St', city: 'London', state: null, postal_code: 'N1', country: 'GB' };
const work = { ...home, label: 'work', street: '2 Low St' };

/** [what, the target's, the source's, and what comes of it] */
const cases: [string, Fields, Fields, Fields][] = [
  ['the name is the target’s', { first_name: 'Ada' }, { first_name: 'A.' }, { first_name: 'Ada' }],
  ['the status is the target’s', { status: 'active' }, { status: 'suspended' }, { status: 'active' }],
  ['an email moves to where there is none', {}, { email: 's@x' }, { email: 's@x', alternate_email: null }],
  [
    'a second email becomes the alternate',
    { email: 't@x' },
    { email: 's@x' },
    { email: 't@x', alternate_email: 's@x' },
  ],
  [
    'the target’s alternate email stands',
    { email: 't@x', alternate_email: 'ta@x' },
    { email: 's@x', alternate_email: 'sa@x' },
    { email: 't@x', alternate_email: 'ta@x' },
  ],
  [
    'both emails move where there is none',
    {},
    { email: 's@x', alternate_email: 'sa@x' },
    { email: 's@x', alternate_email: 'sa@x' },
  ],
  [
    'an alternate that is the email already is none',
    { email: 't@x' },
    { email: null, alternate_email: 't@x' },
    { email: 't@x', alternate_email: null },
  ],
  ['a second phone becomes the alternate', { phone: '+1' }, { phone: '+2' }, { phone: '+1', alternate_phone: '+2' }],
  ['the external id fills a gap', {}, { external_id: 'crm-1' }, { external_id: 'crm-1' }],
  ['the external id of the target stands', { external_id: 'a' }, { external_id: 'b' }, { external_id: 'a' }],
  ['a birthday fills a gap', {}, { date_of_birth: '1990-01-01' }, { date_of_birth: '1990-01-01' }],
  ['notes fill a gap', {}, { notes: 's' }, { notes: 's' }],
  ['notes of the target stand', { notes: 't' }, { notes: 's' }, { notes: 't' }],
  ['tags are united, in any case', { tags: ['VIP', 'a'] }, { tags: ['vip', 'b'] }, { tags: ['VIP', 'a', 'b'] }],
  [
    'metadata is filled in name by name',
    { metadata: { a: 't', b: 't' } },
    { metadata: { b: 's', c: 's' } },
    { metadata: { a: 't', b: 't', c: 's' } },
  ],
  [
    'addresses are united; the same place is one, whatever it is called',
    { addresses: [{ ...home, is_primary: true }] },
    {
      addresses: [
        { ...home, label: 'x', street: '1 HIGH ST', is_primary: true },
        { ...work, is_primary: true },
      ],
    },
    {
      addresses: [
        { ...home, is_primary: true },
        { ...work, is_primary: false },
      ],
    },
  ],
  [
    'the source’s primary address is primary where the target has none',
    { addresses: [{ ...home, is_primary: false }] },
    { addresses: [{ ...work, is_primary: true }] },
    {
      addresses: [
        { ...home, is_primary: false },
        { ...work, is_primary: true },
      ],
    },
  ],
];

const allergy = (allergen: string): Allergy => ({
  ...{ allergen, severity: 'mild', noted_by: null, noted_at: '2026-01-02T03:04:05.678Z' },
});

describe('merging two profiles', () => {
  for (const [what, target, source, expected] of cases) {
    it(what, () => {
      const result = merged(target, source);
      for (const [field, value] of Object.entries(expected)) {
        expect(result[field as keyof CustomerProfile], field).to.deep.equal(value);
      }
    });
  }

  it('unites the lists of preferences, keeps every allergy, and agrees to nothing on anybody’s behalf', () => {
    const preferences = {
      ...a_profile.preferences,
      allergies: [allergy('Nuts')],
      notification_channels: ['email'],
      language: null,
    };
    const source = {
      ...a_profile.preferences,
      allergies: ['nuts', 'soy'].map(allergy),
      language: 'de',
      marketing_consent: true,
    };
    const result = mergeProfiles({ ...a_profile, preferences }, { ...a_profile, preferences: source });
    expect(result.preferences).to.deep.equal({
      ...a_profile.preferences,
      ...{
        allergies: ['Nuts', 'soy'].map(allergy),
        notification_channels: ['email'],
        language: 'de',
        marketing_consent: false,
      },
    });
  });

  it('takes a record that is older than one of the lists', () => {
    const preferences = {} as CustomerProfile['preferences'];
    const result = mergeProfiles({ ...a_profile, preferences }, { ...a_profile, preferences });
    expect(result.preferences).to.include.keys('allergies', 'notification_channels');
  });

  const words = fc.array(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 6 });
  const text = fc.option(fc.string({ minLength: 1, maxLength: 3 }));
  const profile = fc
    .record({
      email: text,
      alternate_email: text,
      phone: text,
      external_id: text,
      notes: text,
      gender: text,
      tags: words,
    })
    .chain((fields) => words.map((allergies) => ({ fields, allergies })))
    .map(({ fields, allergies }) => ({
      ...{ ...a_profile, ...fields },
      preferences: { ...a_profile.preferences, allergies: allergies.map(allergy) },
    }));

  it('loses no list item, fills no field that was filled, and changes nothing the second time', () => {
    fc.assert(
      fc.property(profile, profile, (target, source) => {
        const given = structuredClone({ target, source });
        const result = mergeProfiles(target, source);
        expect({ target, source }).to.deep.equal(given);
        const lower = (list: string[]) => list.map((item) => item.toLowerCase());
        for (const item of [...target.tags, ...source.tags]) expect(lower(result.tags)).to.include(item.toLowerCase());
        const names = (profile: CustomerProfile) => profile.preferences.allergies.map((each) => each.allergen);
        for (const item of [...names(target), ...names(source)]) {
          expect(lower(names(result))).to.include(item.toLowerCase());
        }
        for (const field of ['email', 'phone', 'external_id', 'notes', 'gender'] as const) {
          expect(result[field]).to.equal(target[field] ?? source[field]);
        }
        if (result.alternate_email !== null) expect(result.alternate_email).not.to.equal(result.email);
        expect(mergeProfiles(result, source)).to.deep.equal(result);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the lists of a profile', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `item ${index}`);

  it('may be as long as the limits say, and not one item longer', () => {
    const { tags, preferences } = PROFILE_LIMITS;
    const filled = (more: number) => ({
      ...a_profile,
      tags: many(tags + more),
      preferences: { ...a_profile.preferences, allergies: many(preferences + more).map(allergy) },
    });
    expect(overfullLists(filled(0))).to.deep.equal([]);
    expect(overfullLists(filled(1))).to.deep.equal(['tags', 'preferences.allergies']);
  });
});
