// Medians, ratios and verdicts of the bench, and the whole of it once, small, through its command.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BrokenBooks } from '../../bench/src/invariants.ts';
import { rowsOf, tableOf } from '../../bench/src/report.ts';
import { type Contender, median, quantile, ratios, roughly, runRounds } from '../../bench/src/rounds.ts';
import { runScript } from '../helpers/command.ts';
import { redisProgram } from '../helpers/redis.ts';

const quietly = { say() {} };

describe('the figures of the bench', () => {
  it('are medians, quantiles and ratios round by round', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
    expect(quantile([0, 10], 0.99)).to.equal(9.9);
    expect(median([])).to.be.NaN;
    expect(ratios([10, 30], [5, 10])).to.deep.equal([2, 3]);
    expect([12_345, 1.234, 0.0123, 0, 123_456_789].map(roughly)).to.deep.equal([
      '12,300',
      '1.23',
      '0.0123',
      '0',
      '123,000,000',
    ]);
  });

  it('come from rounds in which everybody has a turn, each first in its time', async () => {
    const order: string[] = [];
    const contender = (name: string): Contender => ({
      ...{ name, unit: 'turns' },
      turn: async (round) => {
        order.push(`${name}${round}`);
        return name === 'c' ? { p50: round, p99: round * 10 } : round;
      },
    });
    const measured = await runRounds(['a', 'b', 'c'].map(contender), { ...quietly, rounds: 3 });
    expect(order).to.deep.equal(['a0', 'b0', 'c0', 'a1', 'c1', 'b1', 'c2', 'a2', 'b2', 'c3', 'b3', 'a3']);
    expect(measured.map(({ name, values }) => [name, ...values])).to.deep.equal([
      ['a', 1, 2, 3],
      ['b', 1, 2, 3],
      ['c p50', 1, 2, 3],
      ['c p99', 10, 20, 30],
    ]);
  });

  it('end with the first broken invariant', async () => {
    let turns = 0;
    const contender: Contender = {
      ...{ name: 'a', unit: 'turns' },
      turn: async () => turns++,
      check: async () => {
        if (turns === 2) throw new BrokenBooks('a', ['one is lost']);
      },
    };
    const message = await runRounds([contender], { ...quietly, rounds: 9 }).catch((error: Error) => error.message);
    expect(message).to.include('a:\n- one is lost');
    expect(turns).to.equal(2);
  });

  it('are held against the goals: the best of several, pass or short, nothing where nothing was measured', () => {
    const goals = [
      { suite: 's', of: 'ours', against: ['slow', 'quick'], at_least: 1.2 },
      { suite: 's', of: 'ours', against: ['slow'], at_least: 2 },
      { suite: 's', of: 'ours', against: ['absent'], at_least: 2 },
      { suite: 's', of: 'slow', at_most: 0 },
    ];
    const measurements = [
      { name: 'ours', unit: 'events/s', values: [1_100, 1_300, 1_000] },
      { name: 'slow', unit: 'events/s', values: [500, 650, 500] },
      { name: 'quick', unit: 'events/s', values: [1_000, 1_000, 1_000], note: 'a note' },
    ];
    const rows = rowsOf([{ suite: 's', measurements }], goals);
    expect(rows.map(({ name, ratio, verdict }) => [name, ratio?.against, ratio?.figure, verdict])).to.deep.equal([
      ['ours', 'quick', 1.1, 'short'],
      ['ours', 'slow', 2, 'pass'],
      ['slow', undefined, undefined, 'short'],
      ['quick', undefined, undefined, undefined],
    ]);
    expect(tableOf(rows)).to.match(/ours +\| 1,100 events\/s +\| 1,000 … 1,300 +\| 1.10 × quick +\| ≥ 1.2 +\| SHORT/);
  });
});

describe('npm run bench', function () {
  this.timeout(240_000);
  const bench = (...args: string[]) =>
    new Promise<{ code: number | null; output: string }>((resolve) => {
      const root = fileURLToPath(new URL('../../', import.meta.url));
      // Without what mocha's own process was started with.
      const { NODE_OPTIONS: _, ...env } = process.env;
      const child = spawn('npm', ['run', '--silent', 'bench', '--', ...args], { cwd: root, env });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
      child.once('exit', (code) => resolve({ code, output }));
    });

  it('measures, checks, and prints a table and a file', async function () {
    if (redisProgram() === undefined) {
      console.log('LEFT OUT: a run of the bench, because there is no redis-server or valkey-server');
      this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), 'customer-service-test-'));
    const file = join(folder, 'figures.json');
    try {
      const { code, output } = await bench('hot', '--quick', '--rounds', '1', '--scale', '0.02', '--json', file);
      expect(output).to.match(/\| hot +\| one customer, 50 tills +\| .* events\/s .*\| ≥ 0.5 +\| (pass|SHORT) +\|/);
      expect(output).to.include('All invariants held.');
      expect(code).to.equal(0);
      const { rows } = JSON.parse(readFileSync(file, 'utf8'));
      expect(rows.find(({ name }: { name: string }) => name === 'conflicts').verdict).to.equal('pass');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says what it knows, and refuses what it does not', async () => {
    // As npm starts it, without compiling first.
    const bare = (...args: string[]) => runScript('bench/src/main.ts', {}, ...args);
    const help = await bare('--help');
    expect(help.code).to.equal(0);
    for (const suite of ['apply', 'hot', 'accept', 'till', 'latency']) expect(help.output).to.include(`  ${suite} `);
    const wrong = [['--fast'], ['no-such-suite'], ['--rounds', '0'], ['--scale', '0']];
    const codes = await Promise.all(wrong.map(async (args) => (await bare(...args)).code));
    expect(codes).to.deep.equal([2, 2, 2, 2]);
  });
});
