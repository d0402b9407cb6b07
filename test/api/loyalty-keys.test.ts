// Idempotency: one key is one movement, however often, in whatever form and from however many tills at once it comes.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Response, type Service, startService, tokenFor } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';
import { sendRaw } from './raw-http.ts';

const BODY = { amount_minor: 1_000, currency: 'USD', source: 'till-1', description: 'Tea' };
let service: Service;

describe('idempotency', () => {
  before(async () => {
    service = await startService({ workers: 0 });
  });
  after(() => service.stop());

  describe('of the key’s form', forms);
  describe('of a request sent again', replays);
  describe('of a key used for something else', reuse);
  describe('of many at once', races);
  describe('of others that arrive together', neighbours);
  describe('by source and external_reference', receipts);
});

const post = (customer: string, body: object, key: string) => earn(service, customer, body, { 'Idempotency-Key': key });

async function countOf(customer: string): Promise<number> {
  const [row] = await service.database.db('loyalty_transactions').where({ customer_id: customer }).count('* as count');
  return Number(row?.count);
}

/** With header lines that fetch would join or refuse. @returns the status and the problem's code */
async function postRaw(customer: string, keyLines: string[]): Promise<{ status: number; code: string }> {
  const { status, body } = await sendRaw(service.url, {
    method: 'POST',
    path: `/customers/${customer}/loyalty/earn`,
    headers: [
      ['Authorization', `Bearer ${tokenFor('service')}`],
      ['Content-Type', 'application/json'],
      ...keyLines.map((key): [string, string] => ['Idempotency-Key', key]),
    ],
    body: '{"points":1}',
  });
  return { status, code: body.code };
}

function forms() {
  let customer: string;
  before(async () => {
    customer = await createCustomer(service);
  });
  afterEach(async () => {
    expect(await countOf(customer), 'nothing is written under a key that is refused').to.equal(0);
  });

  it('asks for a key', async () => {
    expect(await postRaw(customer, [])).to.deep.equal({ status: 400, code: 'idempotency-key-missing' });
    expect(await postRaw(customer, [''])).to.deep.equal({ status: 400, code: 'idempotency-key-missing' });
    expect(await postRaw(customer, ['   '])).to.deep.equal({ status: 400, code: 'idempotency-key-missing' });
  });

  const invalid: [name: string, lines: string[]][] = [
    ['two keys', ['one', 'two']],
    ['two quoted keys', ['"one"', '"two"']],
    ['the same key twice', ['one', 'one']],
    ['an empty quoted key', ['""']],
    ['a space', ['one two']],
    ['a space in quotes', ['"one two"']],
    ['256 characters', ['k'.repeat(256)]],
    ['256 characters in quotes', [`"${'k'.repeat(256)}"`]],
    ['letters beyond ASCII', ['clé']],
    ['a tab', ['one\ttwo']],
    ['an open quote', ['"one']],
    ['a quote inside', ['on"e']],
    ['parameters', ['"one";a=1']],
    ['a wrong escape', ['"on\\e"']],
  ];
  for (const [name, lines] of invalid) {
    it(`refuses ${name}`, async () => {
      expect(await postRaw(customer, lines)).to.deep.equal({ status: 400, code: 'idempotency-key-invalid' });
    });
  }
}

function replays() {
  it('answers with the same transaction, marked as replayed, and writes nothing', async () => {
    const customer = await createCustomer(service);
    const first = await post(customer, BODY, 'order-1');
    const again = await post(customer, BODY, 'order-1');
    expect([first.status, again.status]).to.deep.equal([202, 202]);
    expect(again.body).to.deep.equal(first.body);
    expect(again.headers.get('location')).to.equal(first.headers.get('location'));
    expect(first.headers.get('idempotent-replayed')).to.equal(null);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    expect(await countOf(customer)).to.equal(1);
  });

  it('knows the same request in another order of fields, other spaces and another form of its numbers', async () => {
    const customer = await createCustomer(service);
    const { body } = await post(customer, BODY, 'order-1');
    const same = '{ "description":"\\u0054ea",\n "source":"till-1", "currency":"USD", "amount_minor":1.0e3 }';
    const again = await earn(service, customer, same as never, { 'Idempotency-Key': 'order-1' });
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    expect(again.body.id).to.equal(body.id);
  });

  it('knows a bare key and a quoted one as the same', async () => {
    const customer = await createCustomer(service);
    const bare = await post(customer, BODY, 'order-1');
    const quoted = await post(customer, BODY, '"order-1"');
    expect(quoted.body.id).to.equal(bare.body.id);
    const longest = 'k'.repeat(255);
    expect((await post(customer, BODY, `"${longest}"`)).body.id).to.equal(
      (await post(customer, BODY, longest)).body.id,
    );
    expect(await countOf(customer)).to.equal(2);
  });

  it('tells the outcome when what is sent again has been decided meanwhile', async () => {
    const customer = await createCustomer(service);
    const { body } = await post(customer, BODY, 'order-1');
    const headers = { 'Idempotency-Key': 'order-1', Prefer: 'wait=5' };
    const decided = await earn(service, customer, BODY, headers);
    expect(decided.status).to.equal(200);
    expect(decided.body).to.include({ id: body.id, status: 'applied', points: 10, balance_after: 10 });
    const again = await earn(service, customer, BODY, headers);
    expect(again.status).to.equal(200);
    expect(again.body).to.deep.equal(decided.body);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
  });

  it('keeps keys of different customers, and keys that differ in case, apart', async () => {
    const [one, two] = [await createCustomer(service), await createCustomer(service)];
    const answers = [
      await post(one, BODY, 'order-a'),
      await post(two, BODY, 'order-a'),
      await post(one, BODY, 'ORDER-A'),
    ];
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(3);
    for (const { headers } of answers) expect(headers.get('idempotent-replayed')).to.equal(null);
  });
}

function reuse() {
  it('refuses other contents under a key, and leaves the first as it was', async () => {
    const customer = await createCustomer(service);
    const first = await post(customer, BODY, 'order-1');
    const others = [
      { ...BODY, amount_minor: 1_001 },
      { ...BODY, description: 'tea' },
      { ...BODY, order_id: 'x' },
      { ...BODY, occurred_at: '2026-01-02T03:04:05Z' },
      { points: 10 },
    ];
    for (const other of others) {
      const { status, body } = await post(customer, other, 'order-1');
      expect({ status, code: body.code }).to.deep.equal({ status: 422, code: 'idempotency-key-reused' });
    }
    expect((await service.request('GET', first.headers.get('location') as string)).body).to.deep.equal(first.body);
    expect(await countOf(customer)).to.equal(1);
  });

  it('refuses the same contents for the other operation under a key', async () => {
    const customer = await createCustomer(service);
    await post(customer, { points: 5 }, 'order-1');
    const { status, body } = await redeem(service, customer, 5, { 'Idempotency-Key': 'order-1' });
    expect({ status, code: body.code }).to.deep.equal({ status: 422, code: 'idempotency-key-reused' });
  });

  it('does not burn a key on a request that was refused', async () => {
    const customer = await createCustomer(service);
    expect((await post(customer, { points: 0 }, 'order-1')).status).to.equal(422);
    expect((await post(customer, { points: 1 }, 'order-1')).status).to.equal(202);
  });
}

function races() {
  it('makes one row of 50 that come at once, and tells all 50 the same', async () => {
    const customer = await createCustomer(service);
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(customer, BODY, 'order-1')));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(50).fill(202));
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(1);
    const fresh = answers.filter(({ headers }) => headers.get('idempotent-replayed') === null);
    expect(fresh).to.have.length(1);
    expect(await countOf(customer)).to.equal(1);
  });

  it('lets one of two contents that come at once under a key win, and refuses the other', async () => {
    const customer = await createCustomer(service);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => post(customer, { points: 1 + (turn % 2) }, 'order-1')),
    );
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([...Array(10).fill(202), ...Array(10).fill(422)]);
    const accepted = answers.filter(({ status }) => status === 202).map(({ body }) => body.points);
    expect(new Set(accepted).size).to.equal(1);
  });

  it('gives each of many customers its own transaction back when they repeat one key at once', async () => {
    const customers = await Promise.all(Array.from({ length: 10 }, () => createCustomer(service)));
    const round = () => Promise.all(customers.map((id, turn) => post(id, { points: 1 + turn }, 'order-1')));
    const [first, again] = [await round(), await round()];
    expect(again.map(({ status }) => status)).to.deep.equal(Array(10).fill(202));
    expect(again.map(({ body }) => body.id)).to.deep.equal(first.map(({ body }) => body.id));
    for (const { headers } of again) expect(headers.get('idempotent-replayed')).to.equal('true');
  });

  it('takes nothing from others that arrive with one that is refused', async () => {
    const customer = await createCustomer(service);
    const missing = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, turn) => post(turn % 4 === 0 ? missing : customer, { points: 1 }, `k-${turn}`)),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(
      Array.from({ length: 40 }, (_, turn) => (turn % 4 === 0 ? 404 : 202)),
    );
    expect(await countOf(customer)).to.equal(30);
  });
}

function neighbours() {
  // PostgreSQL has no room for them, or the driver can't read what it makes of them.
  const HARD_MOMENTS = ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+10:00', '9999-12-31T23:59:59-14:00'];
  for (const occurred_at of HARD_MOMENTS) {
    it(`are not hurt by one that says it happened at ${occurred_at}`, async () => {
      const [good, odd] = [await createCustomer(service), await createCustomer(service)];
      const posts = Array.from({ length: 21 }, (_, turn) =>
        turn === 10 ? post(odd, { points: 1, occurred_at }, `k-${turn}`) : post(good, { points: 1 }, `k-${turn}`),
      );
      const statuses = (await Promise.all(posts.map((answer) => answer.catch(String)))).map((answer) =>
        typeof answer === 'string' ? answer : answer.status,
      );
      expect(statuses.filter((_, turn) => turn !== 10)).to.deep.equal(Array(20).fill(202));
      expect(statuses[10]).to.equal(422);
      expect(await countOf(odd)).to.equal(0);
    });
  }
}

function receipts() {
  const receipt = { points: 5, source: 'till-9', external_reference: 'r-1' };
  const isReplay = ({ headers }: Response) => headers.get('idempotent-replayed') === 'true';

  it('knows a receipt that comes again under a new key', async () => {
    const customer = await createCustomer(service);
    const first = await post(customer, receipt, 'a');
    const again = await post(customer, receipt, 'b');
    expect({ id: again.body.id, replayed: isReplay(again) }).to.deep.equal({ id: first.body.id, replayed: true });
    expect(await countOf(customer)).to.equal(1);
  });

  it('knows it when 20 come at once under 20 keys', async () => {
    const customer = await createCustomer(service);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, turn) => post(customer, receipt, `k-${turn}`)));
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(1);
    expect(await countOf(customer)).to.equal(1);
  });

  it('refuses other contents under a receipt that is taken', async () => {
    const customer = await createCustomer(service);
    await post(customer, receipt, 'a');
    const { status, body } = await post(customer, { ...receipt, points: 6 }, 'b');
    expect({ status, code: body.code }).to.deep.equal({ status: 409, code: 'external-reference-reused' });
    expect(body.errors[0]).to.include({ pointer: '/external_reference' });
  });

  it('takes the same reference of another source, another operation or another customer as another receipt', async () => {
    const [one, two] = [await createCustomer(service), await createCustomer(service)];
    const answers = [
      await post(one, receipt, 'a'),
      await post(one, { ...receipt, source: 'till-8' }, 'b'),
      await post(two, receipt, 'a'),
      await service.request('POST', `/customers/${one}/loyalty/redeem`, {
        body: receipt,
        headers: { 'Idempotency-Key': 'c' },
      }),
    ];
    expect(answers.map((answer) => [answer.status, isReplay(answer)])).to.deep.equal(Array(4).fill([202, false]));
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(4);
  });

  it('takes a reference without a source for no receipt', async () => {
    const customer = await createCustomer(service);
    const { source: _source, ...unsourced } = receipt;
    await post(customer, unsourced, 'a');
    expect(isReplay(await post(customer, unsourced, 'b'))).to.equal(false);
    expect(await countOf(customer)).to.equal(2);
  });
}
