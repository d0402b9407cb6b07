// The score of a pair: what each reason says alone and beside others.

import { DUPLICATE_REASONS, type DuplicateReason, duplicateScore } from '@customer-service/domain';
import { expect } from 'chai';

const cases: [DuplicateReason[], number][] = [
  [[], 0],
  [['same-phone'], 80],
  [['same-mailbox-name'], 40],
  [['similar-name', 'same-city'], 55],
  [['same-name', 'same-city'], 65],
  [['same-name', 'same-birthday'], 80],
  [['same-phone', 'same-mailbox-name', 'same-name', 'same-birthday', 'same-city'], 98],
];

describe('the score of a pair', () => {
  for (const [reasons, score] of cases) {
    it(`is ${score} for ${reasons.join(' and ') || 'no reason'}`, () => {
      expect(duplicateScore(reasons)).to.equal(score);
    });
  }

  it('grows with each reason and never passes 100', () => {
    for (const [index] of DUPLICATE_REASONS.entries()) {
      const fewer = duplicateScore(DUPLICATE_REASONS.slice(0, index));
      expect(duplicateScore(DUPLICATE_REASONS.slice(0, index + 1)))
        .to.be.above(fewer)
        .and.at.most(100);
    }
  });
});
