// Deliveries in PostgreSQL: made with their events, claimed once, tried by the table, replayed, and gone with their events.

import { randomUUID } from 'node:crypto';
import { decideDelivery, type EventType, RETRY_S } from '@customer-service/domain';
import {
  addEndpoint,
  claimDeliveries,
  type Database,
  type DeliveryOutcome,
  disableGone,
  LEASE_S,
  listDeliveries,
  readDeliveryBacklog,
  recordDeliveries,
  replayDeliveries,
  updateEndpoint,
  type WebhookEndpoint,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { hurry, publish } from '../helpers/webhooks.ts';
import { an_actor, failureOf } from './fixtures.ts';

const NOBODY = { sending: new Map<string, number>(), each: 10 };

describe('the deliveries of webhooks', () => {
  let database: TestDatabase;
  let db: Database;
  let customer: string;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
    customer = randomUUID();
  });
  afterEach(() => database.drop());

  const endpoint = (types: EventType[] = []): Promise<WebhookEndpoint> =>
    addEndpoint(db, {
      ...{ id: randomUUID(), url: 'https://shop.example/', description: null, types },
      ...{ secret: 'whsec_AAAA', actor: an_actor },
    });
  const eventsOf = async (endpoint_id: string) =>
    (await listDeliveries(db, { endpoint_id, limit: 200 })).map(({ event_id }) => event_id).reverse();
  const answered = (claim: { endpoint_id: string; event_id: string; attempts: number }, status: number) => {
    const decision = decideDelivery({ attempts: claim.attempts, status, retry_after_s: null }, 0.5);
    const { endpoint_id, event_id, attempts } = claim;
    const outcome: DeliveryOutcome = {
      ...{ endpoint_id, event_id, attempts, status: decision.status, retry_in_s: decision.retry_in_s },
      ...{ last_status: status, last_error: null, last_duration_ms: 7 },
    };
    return recordDeliveries(db, [outcome]);
  };

  it('are made with the event, for each endpoint that wants its type, a disabled one too', async () => {
    const all = await endpoint();
    const some = await endpoint(['customer.merged', 'customer.erased']);
    const disabled = await endpoint();
    await updateEndpoint(db, { id: disabled.id, change: { status: 'disabled' }, actor: an_actor });
    const [updated] = await publish(db, customer);
    const [merged] = await publish(db, customer, { type: 'customer.merged' });
    expect(await eventsOf(all.id)).to.deep.equal([updated, merged]);
    expect(await eventsOf(some.id)).to.deep.equal([merged]);
    expect(await eventsOf(disabled.id)).to.deep.equal([updated, merged]);
    expect(await claimDeliveries(db, NOBODY)).to.have.length(3);
    expect((await readDeliveryBacklog(db)).waiting).to.equal(3);
  });

  it('are claimed by one process, so many of an endpoint, the longest due first', async () => {
    const [slow, quick] = [await endpoint(), await endpoint(['customer.merged'])];
    const ids = await publish(db, customer, { count: 30 });
    const [merged] = await publish(db, customer, { type: 'customer.merged' });
    const at_once = await Promise.all([1, 2, 3].map(() => claimDeliveries(db, NOBODY)));
    const claimed = at_once.flat();
    expect(new Set(claimed.map(({ endpoint_id, event_id }) => `${endpoint_id} ${event_id}`)).size).to.equal(
      claimed.length,
    );
    const first = at_once.find((each) => each.some(({ event_id }) => event_id === ids[0]));
    expect(first?.filter(({ endpoint_id }) => endpoint_id === slow.id).map(({ event_id }) => event_id)).to.deep.equal(
      ids.slice(0, 10),
    );
    expect(claimed.filter(({ endpoint_id }) => endpoint_id === quick.id).map(({ event_id }) => event_id)).to.deep.equal(
      [merged],
    );
    // With ten of it under way nothing more is taken of the one, and the other has its own.
    await publish(db, customer, { type: 'customer.merged' });
    const busy = await claimDeliveries(db, { ...NOBODY, sending: new Map([[slow.id, 10]]) });
    expect(busy.map(({ endpoint_id }) => endpoint_id)).to.deep.equal([quick.id]);
    const some = await claimDeliveries(db, { each: 10, sending: new Map([[slow.id, 8]]) });
    expect(some).to.have.length(2);
  });

  it('are another one’s when whoever claimed them is silent for too long', async () => {
    await endpoint();
    await publish(db, customer);
    const [first] = await claimDeliveries(db, NOBODY);
    expect(await claimDeliveries(db, NOBODY)).to.deep.equal([]);
    const [{ lease }] = (
      await db.raw(
        'select extract(epoch from next_attempt_at - clock_timestamp())::float8 as lease from webhook_deliveries',
      )
    ).rows;
    expect(lease).to.be.within(LEASE_S - 5, LEASE_S);
    await hurry(db);
    const [second] = await claimDeliveries(db, NOBODY);
    expect(second).to.include({ event_id: first?.event_id, attempts: 2 });
    // The first comes back: what it has to tell is not heard any more, and what the second tells is.
    await answered(first as never, 500);
    const read = () => listDeliveries(db, { endpoint_id: first?.endpoint_id as string, limit: 1 });
    expect((await read())[0]).to.include({ status: 'pending', attempts: 2, last_status: null });
    await answered(second as never, 204);
    expect((await read())[0]).to.include({ status: 'delivered', attempts: 2, last_status: 204, next_attempt_at: null });
    expect(await claimDeliveries(db, NOBODY)).to.deep.equal([]);
  });

  it('are tried by the whole table, and have failed after it', async () => {
    const { id } = await endpoint();
    await publish(db, customer);
    for (const pause of RETRY_S) {
      const [claim] = await claimDeliveries(db, NOBODY);
      await answered(claim as never, 500);
      const { rows } = await db.raw(
        'select extract(epoch from next_attempt_at - clock_timestamp())::float8 as left from webhook_deliveries',
      );
      expect(rows[0].left).to.be.within(pause - 3, pause);
      expect(await claimDeliveries(db, NOBODY)).to.deep.equal([]);
      await hurry(db);
    }
    const [last] = await claimDeliveries(db, NOBODY);
    expect(last?.attempts).to.equal(14);
    await answered(last as never, 500);
    const [delivery] = await listDeliveries(db, { endpoint_id: id, status: 'failed', limit: 10 });
    expect(delivery).to.include({ status: 'failed', attempts: 14, last_status: 500, next_attempt_at: null });
    await hurry(db);
    expect(await claimDeliveries(db, NOBODY)).to.deep.equal([]);
    expect((await readDeliveryBacklog(db)).waiting).to.equal(0);
  });

  it('wait for an endpoint that is disabled, and go out when it is enabled', async () => {
    const { id, url } = await endpoint();
    expect(await disableGone(db, { id, url: 'https://other.example/' })).to.equal(false);
    expect(await disableGone(db, { id, url })).to.equal(true);
    expect(await disableGone(db, { id, url })).to.equal(false);
    const ids = await publish(db, customer, { count: 3 });
    expect(await claimDeliveries(db, NOBODY)).to.deep.equal([]);
    expect(await readDeliveryBacklog(db)).to.include({ waiting: 0, overdue_s: 0, endpoints: 1, gone: 1 });
    const enabled = await updateEndpoint(db, { id, change: { status: 'enabled' }, actor: an_actor });
    expect(enabled).to.include({ status: 'enabled', disabled_reason: null });
    expect((await claimDeliveries(db, NOBODY)).map(({ event_id }) => event_id)).to.deep.equal(ids);
    const actions = await db('audit_log').select('action', 'actor_role', 'changes').orderBy('id');
    expect(actions.map(({ action, actor_role }) => `${actor_role} ${action}`)).to.deep.equal([
      ...['admin webhook_endpoint.created', 'worker webhook_endpoint.disabled', 'admin webhook_endpoint.updated'],
    ]);
    expect(actions[1].changes).to.deep.equal({
      endpoint_id: { before: id, after: id },
      status: { before: 'enabled', after: 'disabled' },
      disabled_reason: { before: null, after: 'gone' },
    });
  });

  it('are replayed by event, also for an endpoint that is younger, and begin their table anew', async () => {
    const [first, second] = await publish(db, customer, { count: 2 });
    const { id } = await endpoint();
    expect(await eventsOf(id)).to.deep.equal([]);
    const ids = [first, randomUUID()] as string[];
    expect(await replayDeliveries(db, id, { event_ids: ids })).to.deep.equal({ deliveries: 1, next_after: null });
    for (const claim of await claimDeliveries(db, NOBODY)) await answered(claim, 204);
    expect(await replayDeliveries(db, id, { event_ids: [first, second] as string[] })).to.include({ deliveries: 2 });
    const claimed = await claimDeliveries(db, NOBODY);
    expect(claimed.map(({ event_id, attempts }) => [event_id, attempts])).to.deep.equal([
      [first, 1],
      [second, 1],
    ]);
  });

  it('are replayed by the time of publication, of one customer, of the types the endpoint wants', async () => {
    const other = randomUUID();
    const { id } = await endpoint(['customer.updated', 'customer.merged']);
    await publish(db, customer);
    const [a] = (await publish(db, customer)) as [string];
    const [b] = await publish(db, other, { type: 'customer.merged' });
    await publish(db, other, { type: 'customer.created' });
    const [last] = (await publish(db, customer)) as [string];
    // An id begins with the millisecond of its publication.
    const momentOf = (event: string) =>
      new Date(Number.parseInt(event.replaceAll('-', '').slice(0, 12), 16)).toISOString();
    const [since, until] = [momentOf(a), momentOf(last)];
    const replayed = async (replay: object) => {
      await db('webhook_deliveries').delete();
      await replayDeliveries(db, id, { since, ...replay });
      return eventsOf(id);
    };
    expect(await replayed({ until })).to.deep.equal([a, b]);
    expect(await replayed({ until, customer_id: other })).to.deep.equal([b]);
    expect(await replayed({ until, after: a })).to.deep.equal([b]);
    expect(await replayed({})).to.have.length(3);
    expect(await replayed({ since: until, until })).to.deep.equal([]);
  });

  it('go with their events, and with their endpoint', async () => {
    const { id } = await endpoint();
    const [first, second] = await publish(db, customer, { count: 2 });
    await db('events').where({ id: first }).delete();
    expect(await eventsOf(id)).to.deep.equal([second]);
    expect(await db('webhook_deliveries')).to.have.length(1);
    await db('webhook_endpoints').where({ id }).delete();
    expect(await db('webhook_deliveries')).to.deep.equal([]);
    expect(await db('webhook_secrets')).to.deep.equal([]);
  });

  it('have fifty endpoints at the most', async () => {
    await Promise.all(Array.from({ length: 50 }, () => endpoint()));
    expect(await failureOf(endpoint())).to.include({ code: 'value-refused' });
  });
});
