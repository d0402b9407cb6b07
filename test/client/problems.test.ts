// What the real service refuses, as the client's classes; and what it lists, item by item.

import {
  AuthenticationError,
  ChangedMeanwhileError,
  type Client,
  ConflictError,
  createClient,
  IdempotencyKeyReusedError,
  NotFoundError,
  PermissionError,
  ProblemError,
  ValidationError,
} from '@customer-service/client';
import { expect } from 'chai';
import { type Service, startService, tokenFor } from '../helpers/service.ts';

describe('the client, of the real service', () => {
  let service: Service;
  let client: Client;
  let customer_id: string;
  before(async () => {
    service = await startService();
    client = createClient({ url: service.url, token: tokenFor('admin') });
    const body = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' };
    customer_id = (await client.customers.create(body)).id;
  });
  after(() => service.stop());

  const NOBODY = '00000000-0000-7000-8000-000000000000';
  const other = { first_name: 'Other', last_name: 'Person', email: 'ada@example.com' };
  const as = (token: string) => createClient({ url: service.url, token });
  const refusals: [string, number, typeof ProblemError, () => Promise<unknown>][] = [
    ['invalid-token', 401, AuthenticationError, () => as('none').customers.get(NOBODY)],
    ['forbidden', 403, PermissionError, () => as(tokenFor('customer')).audit().next()],
    ['customer-not-found', 404, NotFoundError, () => client.customers.get(NOBODY)],
    ['customer-exists', 409, ConflictError, () => client.customers.create(other)],
    [
      'version-mismatch',
      412,
      ChangedMeanwhileError,
      () => client.customers.update(customer_id, { first_name: 'A' }, { if_match: '"0"' }),
    ],
    ['invalid-query', 400, ValidationError, () => client.customers.list({ limit: 1_000 }).next()],
    ['validation-failed', 422, ValidationError, () => client.loyalty.redeem(customer_id, { points: -1 })],
  ];
  for (const [code, status, Class, ask] of refusals) {
    it(`throws ${Class.name} for ${code}`, async () => {
      const error = await ask().then(
        () => undefined,
        (fault: unknown) => fault,
      );
      expect(error).to.be.instanceOf(Class).and.instanceOf(ProblemError).and.instanceOf(Error);
      expect(error).to.include({ code, status, type: `/problems/${code}`, name: Class.name });
      expect((error as ProblemError).request_id).to.be.a('string');
    });
  }

  it('names every fault in errors and in the message, and nobody in it', async () => {
    const error = (await client.customers
      .patch(customer_id, { first_name: '', email: 'no' })
      .catch((fault: unknown) => fault)) as ValidationError;
    expect(error.errors.map(({ pointer }) => pointer)).to.have.members(['/first_name', '/email']);
    expect(error.message).to.include('PATCH /customers/{customer_id} answered 422 validation-failed');
    expect(error.message).to.include('/first_name').and.not.include(customer_id);
  });

  it('tells a key that belongs to another movement from any other fault', async () => {
    const o = { idempotency_key: 'order-7' };
    await client.loyalty.earn(customer_id, { points: 1 }, o);
    const error = await client.loyalty.earn(customer_id, { points: 2 }, o).catch((fault: unknown) => fault);
    expect(error).to.be.instanceOf(IdempotencyKeyReusedError).and.instanceOf(ValidationError);
  });

  it('takes what is refused by the rules as an outcome', async () => {
    const redeemed = await client.loyalty.redeem(customer_id, { points: 1_000_000 }, { wait: 5 });
    expect(redeemed).to.include({ status: 'rejected', rejection_code: 'insufficient-points' });
  });

  it('lists page after page', async () => {
    const names = ['One', 'Two', 'Three', 'Four', 'Five'];
    for (const last_name of names) await client.customers.create({ first_name: 'Listed', last_name });
    const found: string[] = [];
    for await (const customer of client.customers.list({ search: 'Listed', limit: 2 })) found.push(customer.last_name);
    expect(found).to.deep.equal(names.toReversed());
  });

  it('holds, captures, reverses, waits when asked to and not when told not to', async () => {
    const guest = await client.customers.create({ first_name: 'Grace', last_name: 'Hopper' });
    const earned = await client.loyalty.earn(guest.id, { points: 100 }, { wait: 5 });
    const hold = await client.holds.create(guest.id, { points: 60, expires_in: 600 });
    expect([earned.status, hold.status]).to.deep.equal(['applied', 'applied']);
    const ids = { customer_id: guest.id, hold_id: hold.id };
    const captured = await client.holds.capture(ids, { points: 40 });
    expect(captured).to.include({ status: 'applied', points: 40 });
    expect((await client.loyalty.balance(guest.id)).points_available).to.equal(60);
    const back = await client.loyalty.reverse({ customer_id: guest.id, transaction_id: earned.id }, {}, { wait: 0 });
    expect(back.status).to.equal('pending');
    const late = await client.holds.create(guest.id, { points: 1, expires_in: 60 }, { wait: 0 });
    expect(late.status).to.equal('pending');
  });
});
