// What the audit log says of a change: only what differs, each field from what to what.

import { changesBetween } from '@customer-service/domain';
import { expect } from 'chai';
import { a_profile } from '../store/fixtures.ts';

const with_fields = (fields: object) => ({ ...a_profile, ...fields });

describe('the changes between two states of a profile', () => {
  it('are none when nothing differs', () => {
    expect(changesBetween(a_profile, structuredClone(a_profile))).to.deep.equal({});
  });

  it('name each field that differs, before and after, and no other', () => {
    const before = with_fields({ first_name: 'Ada', tags: ['a'], metadata: { k: 'v' } });
    const after = with_fields({ first_name: 'Augusta', tags: ['a', 'b'], metadata: { k: 'v' }, email: 'a@b.example' });
    expect(changesBetween(before, after)).to.deep.equal({
      first_name: { before: 'Ada', after: 'Augusta' },
      tags: { before: ['a'], after: ['a', 'b'] },
      email: { before: null, after: 'a@b.example' },
    });
  });

  it('go into preferences one by one', () => {
    const preferences = { ...a_profile.preferences, language: 'de', allergies: ['nuts'] };
    expect(changesBetween(a_profile, with_fields({ preferences }))).to.deep.equal({
      'preferences.language': { before: null, after: 'de' },
      'preferences.allergies': { before: [], after: ['nuts'] },
    });
  });

  it('of a new customer are what it came with, and nothing that is empty', () => {
    expect(changesBetween({}, with_fields({ notes: 'n' }))).to.deep.equal({
      first_name: { before: null, after: 'Ada' },
      last_name: { before: null, after: 'Lovelace' },
      status: { before: null, after: 'active' },
      notes: { before: null, after: 'n' },
      'preferences.marketing_consent': { before: null, after: false },
    });
  });

  it('tell false and zero from nothing, and one order of a list from another', () => {
    const consent = { ...a_profile.preferences, marketing_consent: true };
    expect(changesBetween(with_fields({ preferences: consent }), a_profile)).to.deep.equal({
      'preferences.marketing_consent': { before: true, after: false },
    });
    expect(
      Object.keys(changesBetween(with_fields({ tags: ['a', 'b'] }), with_fields({ tags: ['b', 'a'] }))),
    ).to.deep.equal(['tags']);
  });

  it('tell what was cleared', () => {
    expect(changesBetween(with_fields({ notes: 'n', tags: ['a'] }), a_profile)).to.deep.equal({
      notes: { before: 'n', after: null },
      tags: { before: ['a'], after: [] },
    });
  });
});
