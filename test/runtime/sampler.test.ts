// What is left out of a log under load, and that the lines which are there say how much it was.

import { createSampler } from '@customer-service/runtime';
import { expect } from 'chai';
import fc from 'fast-check';

describe('the sampler of log lines', () => {
  it('takes so many a second, and says on the next how many were left out', () => {
    let now = 50;
    const take = createSampler(2, () => now);
    expect([take(), take(), take(), take(), take()]).to.deep.equal([0, 0, undefined, undefined, undefined]);
    now += 999;
    expect(take()).to.equal(undefined);
    now += 1;
    expect([take(), take(), take()]).to.deep.equal([4, 0, undefined]);
    now += 100_000;
    expect([take(), take()]).to.deep.equal([1, 0]);
  });

  it('loses count of nothing, however they come', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (pauses, per_second) => {
        let now = 0;
        const take = createSampler(per_second, () => now);
        let told = 0;
        for (const pause of pauses) {
          now += pause;
          const left_out = take();
          if (left_out !== undefined) told += 1 + left_out;
        }
        now += 1_000;
        expect(told + 1 + (take() as number)).to.equal(pauses.length + 1);
      }),
    );
  });
});
