// The client's keys, on the real service and a network that loses answers: whatever is asked for again is the same
// movement until it was answered, in this process and in the next.

import { type Client, createClient, NoAnswerError, NotFoundError } from '@customer-service/client';
import { expect } from 'chai';
import { type Service, startService, tokenFor } from '../helpers/service.ts';
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';

describe("the client's keys", () => {
  let service: Service;
  let network: TcpProxy;
  let url: string;
  let customer_id: string;
  const token = tokenFor('admin');
  const purchase = { amount_minor: 1_000, currency: 'USD' } as const;

  before(async () => {
    service = await startService();
    network = await startProxy({ host: '127.0.0.1', port: Number(new URL(service.url).port) });
    url = `http://127.0.0.1:${network.port}`;
  });
  after(async () => {
    await network.close();
    await service.stop();
  });
  beforeEach(async () => {
    const client = createClient({ url: service.url, token });
    customer_id = (await client.customers.create({ first_name: 'Ada', last_name: 'Lovelace' })).id;
  });

  /** Loses the answer to the next request that has this in it, once the service has sent it. */
  async function loseAnswer(text: string): Promise<void> {
    (await network.catch({ text, what: 'answer' }).caught)?.cut();
  }

  async function transactions(client: Client): Promise<string[]> {
    const ids: string[] = [];
    for await (const { id } of client.loyalty.transactions(customer_id)) ids.push(id);
    return ids;
  }

  it('stay with a movement whose answer is lost, which is sent again by itself', async () => {
    const client = createClient({ url, token });
    const lost = loseAnswer(`${customer_id}/loyalty/earn`);
    const earned = await client.loyalty.earn(customer_id, purchase, { wait: 5 });
    await lost;
    expect(earned.status).to.equal('applied');
    expect(await transactions(client)).to.deep.equal([earned.id]);
  });

  it('outlive the process in a store, and are forgotten with the answer', async () => {
    const store = new Map<string, string>();
    const lost = loseAnswer(`${customer_id}/loyalty/earn`);
    const before = createClient({ url, token, store, attempts: 1 });
    const error = await before.loyalty.earn(customer_id, purchase).catch((fault: unknown) => fault);
    await lost;
    expect(error).to.be.instanceOf(NoAnswerError);
    expect(store.size).to.equal(1);

    const after = createClient({ url, token, store });
    const again = await after.loyalty.earn(customer_id, { currency: 'USD', amount_minor: 1_000 });
    expect(await transactions(after)).to.deep.equal([again.id]);
    expect(store.size).to.equal(0);

    const another = await after.loyalty.earn(customer_id, purchase);
    expect(await transactions(after)).to.have.members([again.id, another.id]);
  });

  it('are one for the same movement asked for twice at once, and two for two', async () => {
    const client = createClient({ url, token });
    const [first, second, other] = await Promise.all([
      client.loyalty.earn(customer_id, { points: 5 }),
      client.loyalty.earn(customer_id, { points: 5 }),
      client.loyalty.earn(customer_id, { points: 6 }),
    ]);
    expect(first.id).to.equal(second.id);
    expect(await transactions(client)).to.have.members([first.id, other.id]);
  });

  it('are those of the caller, if given: the same for ever', async () => {
    const client = createClient({ url, token });
    const once = await client.loyalty.earn(customer_id, purchase, { idempotency_key: 'order-1' });
    const twice = await client.request('POST /customers/{customer_id}/loyalty/earn', {
      path: { customer_id },
      body: purchase,
      idempotency_key: 'order-1',
    });
    expect(twice.headers.get('idempotent-replayed')).to.equal('true');
    expect(twice.body).to.include({ id: once.id });
  });

  it('are neither made for a dry run nor kept after a refusal', async () => {
    const store = new Map<string, string>();
    const client = createClient({ url, token, store });
    expect((await client.loyalty.tryEarn(customer_id, purchase)).dry_run).to.equal(true);
    const unknown = '00000000-0000-7000-8000-000000000000';
    const error = await client.loyalty.earn(unknown, purchase).catch((fault: unknown) => fault);
    expect(error).to.be.instanceOf(NotFoundError);
    expect([store.size, await transactions(client)]).to.deep.equal([0, []]);
  });

  it('are not needed for a customer, who is not made again when the answer is lost', async () => {
    const client = createClient({ url, token });
    const lost = loseAnswer('POST /customers ');
    const error = await client.customers
      .create({ first_name: 'Twice', last_name: 'Never' })
      .catch((fault: unknown) => fault);
    await lost;
    expect(error).to.be.instanceOf(NoAnswerError);
    const found: string[] = [];
    for await (const { id } of client.customers.list({ search: 'Twice Never' })) found.push(id);
    expect(found).to.have.length(1);
  });
});
