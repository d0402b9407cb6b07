// The batcher with a recording function in place of the work: what shares a batch, and who gets which answer.

import { type BatcherLimits, createBatcher } from '@customer-service/runtime';
import { expect } from 'chai';
import { failureOf } from '../store/fixtures.ts';

type Answers = (string | Error)[];

interface Run {
  items: number[];
  answer(answers?: Answers): void;
  fail(error: Error): void;
}

/** A batcher whose runs are recorded and wait for the test to answer them. */
function recordingBatcher(max = 100, limits?: BatcherLimits) {
  const runs: Run[] = [];
  const batcher = createBatcher<number, string>(
    (items) => {
      return new Promise<Answers>((resolve, reject) => {
        const answer = (answers = items.map((item) => `answer ${item}`)) => resolve(answers);
        runs.push({ items, answer, fail: reject });
      });
    },
    max,
    limits,
  );
  return { batcher, runs, run: (index: number) => runs[index] as Run };
}

/** A turn of the event loop, after which everything that could go on without the test has gone on. */
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe('the batcher', () => {
  it('sends what was added in the same turn as one batch, at the end of the turn', async () => {
    const { batcher, runs } = recordingBatcher();
    for (const item of [1, 2, 3]) void batcher.add(item);
    expect(runs).to.deep.equal([]);
    await turn();
    expect(runs.map((run) => run.items)).to.deep.equal([[1, 2, 3]]);
  });

  it('has one batch in flight, and sends what gathered meanwhile when that is back', async () => {
    const { batcher, runs, run } = recordingBatcher();
    void batcher.add(1);
    await turn();
    void batcher.add(2);
    await turn();
    void batcher.add(3);
    await turn();
    expect(runs.map(({ items }) => items)).to.deep.equal([[1]]);
    run(0).answer();
    await turn();
    expect(runs.map(({ items }) => items)).to.deep.equal([[1], [2, 3]]);
  });

  it('starts again after it has been idle', async () => {
    const { batcher, run } = recordingBatcher();
    for (const index of [0, 1, 2]) {
      const answer = batcher.add(index);
      await turn();
      run(index).answer();
      expect(await answer).to.equal(`answer ${index}`);
    }
  });

  it('takes no more than the maximum, in order, until nothing is left', async () => {
    const { batcher, runs, run } = recordingBatcher(10);
    const items = Array.from({ length: 25 }, (_, index) => index);
    const answers = items.map((item) => batcher.add(item));
    for (const index of [0, 1, 2]) {
      await turn();
      run(index).answer();
    }
    expect(await Promise.all(answers)).to.deep.equal(items.map((item) => `answer ${item}`));
    expect(runs.map((each) => each.items.length)).to.deep.equal([10, 10, 5]);
    expect(runs.flatMap((each) => each.items)).to.deep.equal(items);
  });

  it('takes up what is added by whoever got an answer', async () => {
    const { batcher, runs, run } = recordingBatcher();
    const chained = batcher.add(1).then(() => batcher.add(2));
    await turn();
    run(0).answer();
    await turn();
    run(1).answer();
    expect(await chained).to.equal('answer 2');
    expect(runs).to.have.length(2);
  });

  it('gives an Error among the answers to its own item alone', async () => {
    const { batcher, run } = recordingBatcher();
    const answers = [1, 2, 3].map((item) => batcher.add(item));
    const settled = Promise.allSettled(answers);
    await turn();
    run(0).answer(['one', new Error('two'), 'three']);
    const words = (await settled).map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message));
    expect((await settled).map((each) => each.status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect(words).to.deep.equal(['one', 'two', 'three']);
  });

  it('rejects the whole batch when the run fails, and the next batch still goes', async () => {
    const { batcher, run } = recordingBatcher();
    const failing = [1, 2].map((item) => failureOf(batcher.add(item)));
    await turn();
    const next = batcher.add(3);
    run(0).fail(new Error('away'));
    expect((await Promise.all(failing)).map((error) => error.message)).to.deep.equal(['away', 'away']);
    await turn();
    run(1).answer();
    expect(await next).to.equal('answer 3');
  });

  it('rejects the batch when the run throws before it has a promise, too', async () => {
    let calls = 0;
    const batcher = createBatcher<number, string>((items) => {
      calls += 1;
      if (calls === 1) throw new Error('at once');
      return Promise.resolve(items.map(String));
    }, 1);
    const [first, second] = [failureOf(batcher.add(1)), batcher.add(2)];
    expect((await first).message).to.equal('at once');
    expect(await second).to.equal('2');
  });

  for (const answers of [['one'], ['one', 'two', 'three']]) {
    it(`rejects a batch of 2 that gets ${answers.length} answers, instead of mixing them up`, async () => {
      const { batcher, run } = recordingBatcher();
      const failing = [1, 2].map((item) => failureOf(batcher.add(item)));
      await turn();
      run(0).answer(answers);
      const message = `a batch of 2 got ${answers.length} answers`;
      expect((await Promise.all(failing)).map((error) => error.message)).to.deep.equal([message, message]);
    });
  }

  it('knows how many items wait or are under way', async () => {
    const { batcher, run } = recordingBatcher(2);
    expect(batcher.size()).to.equal(0);
    const answers = [1, 2, 3].map((item) => batcher.add(item));
    await turn();
    expect(batcher.size()).to.equal(3);
    run(0).answer();
    await turn();
    expect(batcher.size()).to.equal(1);
    run(1).answer();
    await Promise.all(answers);
    await turn();
    expect(batcher.size()).to.equal(0);
  });

  describe('with limits for those who wait', () => {
    const refuse = (fault?: unknown) => (fault === undefined ? new Error('too late') : undefined);

    it('refuses what has waited too long for a batch, one by one, and never what is in one', async () => {
      const { batcher, runs, run } = recordingBatcher(100, { wait_ms: 20, refuse });
      const first = batcher.add(1);
      await turn();
      const late = [2, 3].map((item) => failureOf(batcher.add(item)));
      expect((await Promise.all(late)).map((error) => error.message)).to.deep.equal(['too late', 'too late']);
      expect((await failureOf(batcher.add(4))).message, 'the clock goes on').to.equal('too late');
      run(0).answer();
      expect(await first).to.equal('answer 1');
      const next = batcher.add(5);
      await turn();
      run(1).answer();
      expect(await next).to.equal('answer 5');
      expect(runs.map(({ items }) => items)).to.deep.equal([[1], [5]]);
    });

    it('refuses what waits behind a batch that failed, when the fault would meet it too', async () => {
      const { batcher, runs, run } = recordingBatcher(100, {
        wait_ms: 60_000,
        refuse: (fault) => ((fault as Error | undefined)?.message === 'away' ? new Error('away as well') : undefined),
      });
      for (const message of ['away', 'its own']) {
        const failing = failureOf(batcher.add(1));
        await turn();
        const behind = batcher.add(2);
        const heard = message === 'away' ? failureOf(behind).then((error) => error.message) : behind;
        run(runs.length - 1).fail(new Error(message));
        await failing;
        await turn();
        if (message !== 'away') run(runs.length - 1).answer();
        expect(await heard).to.equal(message === 'away' ? 'away as well' : 'answer 2');
      }
    });
  });
});
