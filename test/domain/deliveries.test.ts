// When a webhook is sent again: the whole table, its spread, and what an answer may ask for.

import { decideDelivery, RETRY_S, retryAfterSeconds } from '@customer-service/domain';
import { expect } from 'chai';

const refused = { status: 500, retry_after_s: null };

describe('a delivery that was not taken', () => {
  it('is sent again 13 times within three days, and then has failed', () => {
    const table = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 43_200, 43_200, 43_200, 43_200];
    const pauses = table.map((_, index) => decideDelivery({ ...refused, attempts: index + 1 }, 0.5));
    expect(pauses.map(({ retry_in_s }) => Math.round(retry_in_s as number))).to.deep.equal(table);
    expect(pauses.every(({ status, gone }) => status === 'pending' && !gone)).to.equal(true);
    const days = table.reduce((sum, pause) => sum + pause) / 86_400;
    expect(days).to.be.above(2.9).and.below(3);
    expect(decideDelivery({ ...refused, attempts: 14 }, 0.5)).to.deep.equal({
      ...{ status: 'failed', retry_in_s: null, gone: false },
    });
  });

  it('is spread by a fifth to either side', () => {
    for (const [index, pause] of RETRY_S.entries()) {
      const at = (chance: number) => decideDelivery({ ...refused, attempts: index + 1 }, chance).retry_in_s as number;
      expect(at(0)).to.be.closeTo(pause * 0.8, 0.001);
      expect(at(0.999_999)).to.be.closeTo(pause * 1.2, 0.1);
    }
  });

  it('waits at least as long as the answer asks, up to twelve hours, and no shorter than its own pause', () => {
    const after = (retry_after_s: number, attempts = 1) =>
      decideDelivery({ status: 503, retry_after_s, attempts }, 0).retry_in_s;
    expect(after(90)).to.equal(90);
    expect(after(1)).to.equal(4);
    expect(after(1, 6)).to.equal(2_880);
    expect(after(999_999_999)).to.equal(43_200);
    expect(decideDelivery({ status: 429, retry_after_s: 100, attempts: 1 }, 0.5).retry_in_s).to.be.closeTo(110, 0.001);
  });

  it('is told from one that was by the status alone: 2xx was, 410 wants no more, all else was not', () => {
    const of = (status: number | null) => decideDelivery({ status, retry_after_s: null, attempts: 3 }, 0.5);
    for (const status of [200, 201, 202, 204, 299]) expect(of(status).status, String(status)).to.equal('delivered');
    for (const status of [null, 300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 429, 500, 503]) {
      expect(of(status), String(status)).to.deep.equal({ status: 'pending', retry_in_s: 120, gone: false });
    }
    expect(of(410)).to.deep.equal({ status: 'pending', retry_in_s: 0, gone: true });
  });
});

describe('Retry-After', () => {
  it('is a number of seconds or a date', () => {
    const now = Date.parse('2026-03-01T12:00:00Z');
    const cases: [string | undefined, number | null][] = [
      ['120', 120],
      ['0', 0],
      [undefined, null],
      ['', null],
      ['-1', null],
      ['1.5', null],
      ['soon', null],
      ['Sun, 01 Mar 2026 12:02:00 GMT', 120],
      ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
      ['2026-03-01T12:02:00Z', null],
      ['Sun, 99 Foo 2026 12:02:00 GMT', null],
    ];
    for (const [header, seconds] of cases) expect(retryAfterSeconds(header, now), header).to.equal(seconds);
  });
});
