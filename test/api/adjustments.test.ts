// Corrections by hand: alone up to the limit of the role, with a second person above it, and once for a key whatever
// becomes of the request meanwhile.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { balancesAgree } from '../helpers/ledger.ts';
import { type RequestOptions, type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, post } from '../helpers/shop.ts';

const WAIT = { Prefer: 'wait=5' };
const BODY = { direction: 'credit', points: 100, reason_code: 'goodwill', note: 'Cold soup' };
const LARGE = { ...BODY, points: 5_001 };
let service: Service;
let customer: string;

describe('adjustments', () => {
  before(async () => {
    service = await startService({ workers: 0 });
  });
  after(async () => {
    await balancesAgree(service);
    await service.stop();
  });
  beforeEach(async () => {
    customer = await createCustomer(service);
  });

  describe('by one person', alone);
  describe('by two', together);
  describe('sent again', replays);
  describe('listed', lists);
  describe('of a person who is exported, merged or erased', lives);
});

const adjust = (body: object, options: RequestOptions = {}) =>
  post(service, `/customers/${customer}/loyalty/adjustments`, body, { role: 'manager', headers: WAIT, ...options });
const decide = (id: string, what: 'approve' | 'refuse', sub = 'boss') =>
  service.request('POST', `/loyalty/adjustments/${id}/${what}`, { role: 'admin', sub });
const balance = async () => (await service.request('GET', `/customers/${customer}/loyalty`)).body.points_balance;
const codeOf = ({ status, body }: Response) => [status, body.code];

function alone() {
  it('gives points with a reason, and says so in the ledger', async () => {
    const { status, headers, body } = await adjust(BODY);
    expect(status).to.equal(200);
    expect(headers.get('location')).to.equal(`/customers/${customer}/loyalty/transactions/${body.id}`);
    expect(body).to.include({ type: 'adjust_credit', status: 'applied', points: 100, description: 'Cold soup' });
    expect(body.explanation.reason_code).to.equal('goodwill');
    const account = (await service.request('GET', `/customers/${customer}/loyalty`)).body;
    expect(account.lifetime).to.include({ adjusted: 100, earned: 0 });
  });

  it('takes points, and no more than there are', async () => {
    await adjust(BODY);
    expect((await adjust({ ...BODY, direction: 'debit', points: 30 })).body).to.include({ balance_after: 70 });
    const { body } = await adjust({ ...BODY, direction: 'debit', points: 71 });
    expect(body).to.include({ status: 'rejected', rejection_code: 'insufficient-points', balance_after: 70 });
  });

  const LIMITS: [role: 'manager' | 'admin', points: number, status: string][] = [
    ['manager', 5_000, 'applied'],
    ['manager', 5_001, 'awaiting_approval'],
    ['admin', 50_000, 'applied'],
    ['admin', 50_001, 'awaiting_approval'],
  ];
  for (const [role, points, status] of LIMITS) {
    it(`is ${status} for ${points} points by a ${role}`, async () => {
      const answer = await adjust({ ...BODY, points }, { role });
      expect([answer.status, answer.body.status]).to.deep.equal([status === 'applied' ? 200 : 202, status]);
      expect(await balance()).to.equal(status === 'applied' ? points : 0);
    });
  }

  it('names what is wrong', async () => {
    const { status, body } = await adjust({ direction: 'up', points: 0, reason_code: 'mood', colour: 'red' });
    expect(status).to.equal(422);
    const pointers = body.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers).to.have.members(['/direction', '/points', '/reason_code', '/colour']);
  });

  it('is for a customer that is there, also when it would wait', async () => {
    customer = randomUUID();
    expect(codeOf(await adjust(BODY))).to.deep.equal([404, 'customer-not-found']);
    expect(codeOf(await adjust(LARGE))).to.deep.equal([404, 'customer-not-found']);
  });
}

function together() {
  it('waits, and is applied at once when another person approves', async () => {
    const { headers, body: asked } = await adjust(LARGE, { sub: 'mary' });
    expect(headers.get('location')).to.equal(`/loyalty/adjustments/${asked.id}`);
    expect(asked).to.include({ status: 'awaiting_approval', requested_by: 'manager:mary', transaction_id: null });
    const { status, body } = await decide(asked.id, 'approve');
    expect(status).to.equal(200);
    expect(body.transaction).to.include({
      type: 'adjust_credit',
      status: 'applied',
      points: 5_001,
      balance_after: 5_001,
    });
    expect(body.adjustment).to.include({
      status: 'approved',
      decided_by: 'admin:boss',
      transaction_id: body.transaction.id,
    });
    expect((await decide(asked.id, 'approve')).body).to.deep.equal(body);
    expect((await service.request('GET', `/loyalty/adjustments/${asked.id}`)).body).to.deep.equal(body.adjustment);
    expect(await balance()).to.equal(5_001);
    const log = await service.request('GET', `/audit?customer_id=${customer}`);
    const actions = log.body.items.map((item: { action: string; actor_sub: string }) => [item.action, item.actor_sub]);
    expect(actions.slice(0, 2)).to.deep.equal([
      ['adjustment.approved', 'boss'],
      ['adjustment.requested', 'mary'],
    ]);
  });

  it('moves nothing when it is refused, and stays refused', async () => {
    const { body: asked } = await adjust(LARGE);
    const { body } = await decide(asked.id, 'refuse');
    expect(body.transaction).to.equal(null);
    expect(body.adjustment).to.include({ status: 'refused', decided_by: 'admin:boss' });
    expect((await decide(asked.id, 'refuse')).body).to.deep.equal(body);
    expect(codeOf(await decide(asked.id, 'approve'))).to.deep.equal([409, 'adjustment-decided']);
    expect(await balance()).to.equal(0);
  });

  it('is not decided by who asked, whatever role they have by then', async () => {
    const { body: asked } = await adjust(LARGE, { sub: 'mary' });
    for (const what of ['approve', 'refuse'] as const) {
      expect(codeOf(await decide(asked.id, what, 'mary'))).to.deep.equal([409, 'second-person-needed']);
    }
    const own = (await adjust({ ...BODY, points: 50_001 }, { role: 'admin', sub: 'boss' })).body;
    expect(codeOf(await decide(own.id, 'approve'))).to.deep.equal([409, 'second-person-needed']);
    expect(await balance()).to.equal(0);
  });

  it('is decided once by two who come together', async () => {
    const { body: asked } = await adjust(LARGE);
    const answers = await Promise.all([decide(asked.id, 'approve'), decide(asked.id, 'refuse', 'other')]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409]);
    const next = (await adjust(LARGE)).body;
    const same = await Promise.all(Array.from({ length: 5 }, () => decide(next.id, 'approve')));
    expect(new Set(same.map(({ body }) => body.transaction.id)).size).to.equal(1);
    expect([5_001, 10_002]).to.include(await balance());
  });

  it('is not found under an id that nobody has', async () => {
    for (const id of [randomUUID(), 'abc', customer]) {
      for (const answer of [await decide(id, 'approve'), await decide(id, 'refuse')]) {
        expect(codeOf(answer)).to.deep.equal([404, 'adjustment-not-found']);
      }
      const read = await service.request('GET', `/loyalty/adjustments/${id}`);
      expect(codeOf(read)).to.deep.equal([404, 'adjustment-not-found']);
    }
  });
}

function replays() {
  const keyed = (body: object, options: RequestOptions = {}) =>
    adjust(body, { ...options, headers: { ...WAIT, 'Idempotency-Key': 'a' } });

  it('tells what became of the request: waiting, then applied', async () => {
    const first = await keyed(LARGE);
    const waiting = await keyed(LARGE);
    expect(waiting.status).to.equal(202);
    expect(waiting.body).to.deep.equal(first.body);
    expect(waiting.headers.get('idempotent-replayed')).to.equal('true');
    const { transaction } = (await decide(first.body.id, 'approve')).body;
    const applied = await keyed(LARGE);
    expect([applied.status, applied.headers.get('idempotent-replayed')]).to.deep.equal([200, 'true']);
    expect(applied.body).to.deep.equal(transaction);
    expect(await balance()).to.equal(5_001);
  });

  it('tells that it was refused', async () => {
    const { body } = await keyed(LARGE);
    const { adjustment } = (await decide(body.id, 'refuse')).body;
    const again = await keyed(LARGE);
    expect([again.status, again.body]).to.deep.equal([200, adjustment]);
  });

  it('is one adjustment, also when somebody with another limit sends it', async () => {
    const { body: waiting } = await keyed(LARGE);
    expect((await keyed(LARGE, { role: 'admin' })).body).to.deep.equal(waiting);
    customer = await createCustomer(service);
    const { body: applied } = await keyed(LARGE, { role: 'admin' });
    expect(applied.status).to.equal('applied');
    expect((await keyed(LARGE)).body).to.deep.equal(applied);
    expect(await balance()).to.equal(5_001);
  });

  it('refuses other contents under a key, in either form, and the key of another movement', async () => {
    await keyed(LARGE);
    for (const body of [{ ...LARGE, points: 5_002 }, BODY, { ...LARGE, direction: 'debit' }, { ...LARGE, note: 'x' }]) {
      expect(codeOf(await keyed(body))).to.deep.equal([422, 'idempotency-key-reused']);
    }
    customer = await createCustomer(service);
    await earn(service, customer, { points: 100 }, { 'Idempotency-Key': 'a' });
    for (const body of [BODY, LARGE]) expect(codeOf(await keyed(body))).to.deep.equal([422, 'idempotency-key-reused']);
  });

  it('writes one request of ten that come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => keyed(LARGE)));
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).to.have.length(1);
  });
}

function lists() {
  it('shows the newest first, by status, in pages', async () => {
    const ids: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) ids.unshift((await adjust(LARGE)).body.id);
    await decide(ids[1] as string, 'refuse');
    const idsOf = async (query: string) => {
      const { body } = await service.request('GET', `/loyalty/adjustments?${query}`);
      return { ids: body.items.map((item: { id: string }) => item.id), next: body.next_cursor };
    };
    expect((await idsOf('limit=3')).ids).to.deep.equal(ids);
    expect((await idsOf('status=refused&limit=1')).ids).to.deep.equal([ids[1]]);
    const first = await idsOf('status=awaiting_approval&limit=1');
    expect(first.ids).to.deep.equal([ids[0]]);
    const second = await idsOf(`status=awaiting_approval&limit=1&cursor=${first.next}`);
    expect(second.ids).to.deep.equal([ids[2]]);
    const other = await service.request('GET', `/loyalty/adjustments?cursor=${first.next}`);
    expect(codeOf(other)).to.deep.equal([400, 'invalid-query']);
  });
}

function lives() {
  it('is part of the export, and of who works here only the business is told', async () => {
    const { body } = await adjust(LARGE, { sub: 'mary' });
    const export_of = (options: RequestOptions) => service.request('GET', `/customers/${customer}/export`, options);
    expect((await export_of({ role: 'manager' })).body.adjustments).to.deep.equal([body]);
    const own = (await export_of({ role: 'customer', sub: customer })).body.adjustments;
    expect(own).to.deep.equal([{ ...body, requested_by: null }]);
  });

  it('goes to the record that lives on when it is approved after a merge', async () => {
    const { body } = await adjust(LARGE);
    const target = await createCustomer(service);
    await service.request('POST', `/customers/${target}/merge`, { body: { from_customer_id: customer } });
    expect((await decide(body.id, 'approve')).body.transaction).to.include({ customer_id: target, status: 'applied' });
    customer = target;
    expect(await balance()).to.equal(5_001);
  });

  it('keeps no word after erasure, and can not be approved any more', async () => {
    const note = 'A note about Zaphod';
    const [large, small] = [(await adjust({ ...LARGE, note })).body, (await adjust({ ...BODY, note })).body];
    await service.request('DELETE', `/customers/${customer}`);
    const read = await service.request('GET', `/loyalty/adjustments/${large.id}`);
    expect(read.body).to.include({ status: 'awaiting_approval', note: null, points: 5_001 });
    const left = await service.database.db.raw(
      `select (select count(*) from loyalty_adjustments a where a::text like '%Zaphod%')
            + (select count(*) from loyalty_transactions t where t::text like '%Zaphod%') as found,
              (select count(*) from loyalty_transactions where id = ?) as kept`,
      [small.id],
    );
    expect(left.rows[0]).to.deep.equal({ found: 0, kept: 1 });
    expect(codeOf(await decide(large.id, 'approve'))).to.deep.equal([404, 'customer-not-found']);
    expect((await decide(large.id, 'refuse')).body.adjustment).to.include({ status: 'refused' });
  });
}
