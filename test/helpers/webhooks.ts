// The other side of a webhook: a receiver that keeps what comes, and events without anything that they tell of.

import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EventType, ServiceEvent } from '@customer-service/domain';
import { type Database, publishEvents } from '@customer-service/store';
import { until } from './until.ts';

export interface Received {
  /** The webhook-id. */
  id: string;
  headers: IncomingHttpHeaders;
  body: string;
  event: ServiceEvent;
}

export interface Receiver {
  url: string;
  /** In the order in which they came. */
  received: Received[];
  /** How the next ones are answered; 204 if not given. */
  answer: RequestListener;
  /** Requests that have no answer yet. */
  open(): number;
  /** Different ones among what came. */
  ids(): string[];
  stop(): Promise<void>;
  /** The same address again. */
  restart(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  let server: Server;
  let port = 0;
  let open = 0;
  const listen = async () => {
    server = createServer((request, response) => {
      open += 1;
      response.once('close', () => {
        open -= 1;
      });
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { headers } = request;
        receiver.received.push({ id: String(headers['webhook-id']), headers, body, event: JSON.parse(body) });
        receiver.answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  await listen();
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hooks`,
    received: [],
    answer: (_request, response) => response.writeHead(204).end(),
    open: () => open,
    ids: () => [...new Set(receiver.received.map(({ id }) => id))],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    restart: listen,
  };
  return receiver;
}

/** Resolves once as many different webhooks have come. */
export function arrived(receiver: Receiver, count: number, timeout_ms = 60_000): Promise<true> {
  return until(() => receiver.ids().length >= count && (true as const), {
    ...{ what: `${count} webhooks (there are ${receiver.ids().length})`, timeout_ms },
  });
}

/** Has them happen, and published. @returns their ids, in order */
export async function publish(
  db: Database,
  customer_id: string,
  { type = 'customer.updated', count = 1 }: { type?: EventType; count?: number } = {},
): Promise<string[]> {
  await db.raw(
    `insert into outbox (types, customers, transactions, data)
     select array_agg(?::text), array_agg(?::uuid), array_agg(null::uuid), array_agg('{}'::jsonb)
       from generate_series(1, ?)`,
    [type, customer_id, count],
  );
  await until(async () => {
    await publishEvents(db);
    const { rows } = await db.raw('select count(*)::int as left from outbox');
    return rows[0].left === 0;
  });
  const events = await db('events')
    .select<{ id: string }[]>('id')
    .where({ customer_id })
    .orderBy('id', 'desc')
    .limit(count);
  return events.map(({ id }) => id).reverse();
}

/** What waits for its next attempt need not wait. */
export async function hurry(db: Database, where: Record<string, unknown> = {}): Promise<void> {
  await db('webhook_deliveries')
    .where({ status: 'pending', ...where })
    .update({ next_attempt_at: db.fn.now() });
}
