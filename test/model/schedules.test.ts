// Thousands of schedules of the whole service, each told by one number: processes die between any two steps,
// connections are cut, the queue forgets and doubles, tills send again. Nothing accepted is lost, doubled or turned
// round. A schedule that fails prints its number: `SEED=17 npx mocha test/model/schedules.test.ts` plays it alone.

import { expect } from 'chai';
import { verdict } from './oracle.ts';
import { play, type Run, type Setting } from './service.ts';
import type { Mistake } from './statements.ts';

const ONE = process.env.SEED;
const SEEDS = ONE === undefined ? Number(process.env.SEEDS ?? 20_000) : 1;
/** Seeds within which each mistake must have shown. */
const TRIES = 2_000;

/** @returns what was broken; a schedule that never rests is broken too */
function broken(seed: number, setting: Setting = {}, look: (run: Run) => void = () => {}): string[] {
  try {
    const run = play(seed, setting);
    look(run);
    return verdict(run);
  } catch (error) {
    return [(error as Error).message];
  }
}

/** [what is planted, how it shows] */
const PLANTED: [Mistake[], RegExp, Setting?][] = [
  [['answer_before_commit'], /^lost/],
  [['no_sweep'], /^stranded/],
  [['ring_before_commit', 'no_sweep'], /^stranded/, { calm: true }],
  [['no_unique_key'], /^doubled/],
  [['new_key_each_try'], /^doubled/],
  [['lost_answer_is_a_no'], /^refused/],
  [['lock_and_read_at_once'], /^decided before/],
  [['lock_and_read_at_once', 'no_status_guard'], /^doubled/],
  [['no_lock'], /^decided before/],
  [['no_lock', 'no_status_guard'], /^doubled/],
  [['apply_in_two_transactions'], /^sum/],
  [['no_order'], /^order/],
  [['locks_in_any_order'], /deadlocks/],
  [['accept_without_lock'], /^after the end/],
  [['batch_fails_for_all'], /^delayed/],
];

describe('schedules of the service', () => {
  it(`${SEEDS} of them lose, double and turn round nothing`, function () {
    this.timeout(180_000);
    const met: Record<string, number> = {};
    const note = ({ faults, store }: Run) => {
      for (const [what, times] of Object.entries({ ...faults, ...store.seen })) met[what] = (met[what] ?? 0) + times;
    };
    for (let index = 1; index <= SEEDS; index += 1) {
      const seed = ONE === undefined ? index : Number(ONE);
      const found = broken(seed, {}, note);
      if (found.length > 0) throw new Error(`SEED=${seed}: ${found.join('; ')}`);
    }
    if (ONE !== undefined) return;
    // Nothing is proved by schedules in which nothing happened.
    const kinds = ['killed api', 'killed worker', 'connection cut', 'lost_answers', 'outcome unknown', 'sent again'];
    for (const kind of [...kinds, 'ring lost', 'ring doubled', 'queue emptied', 'lock_waits', 'closed'])
      expect(met[kind] ?? 0, kind).to.be.above(SEEDS / 100);
  });

  it('are the same again under the same number', () => {
    const tell = ({ steps, faults, told }: Run) => JSON.stringify({ steps, faults, told });
    for (const seed of [1, 2, 3]) expect(tell(play(seed))).to.equal(tell(play(seed)));
    expect(tell(play(1))).not.to.equal(tell(play(2)));
  });

  it('need no sweep as long as nothing fails: every ring is heard', () => {
    for (let seed = 1; seed <= 500; seed += 1)
      expect(broken(seed, { mistakes: ['no_sweep'], calm: true }), `seed ${seed}`).to.deep.equal([]);
  });

  it('need no status guard as long as the locks are right: it is the second line', () => {
    for (let seed = 1; seed <= 500; seed += 1)
      expect(broken(seed, { mistakes: ['no_status_guard'] }), `seed ${seed}`).to.deep.equal([]);
  });

  for (const [mistakes, sign, setting] of PLANTED) {
    it(`show it when somebody plants ${mistakes.join(' and ').replaceAll('_', ' ')}`, () => {
      let seed = 1;
      while (seed <= TRIES && !broken(seed, { ...setting, mistakes }).some((each) => sign.test(each))) seed += 1;
      expect(seed).to.be.at.most(TRIES);
    });
  }
});
