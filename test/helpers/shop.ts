// What a till and a desk do, in one line each.

import { randomUUID } from 'node:crypto';
import type { LoyaltyTransaction } from '@customer-service/domain';
import type { RequestOptions, Response, Service } from './service.ts';
import { until } from './until.ts';

/** @returns the new customer's id */
export async function createCustomer(service: Service, profile: object = {}): Promise<string> {
  const body = { first_name: 'Ada', last_name: 'Lovelace', ...profile };
  const answer = await service.request('POST', '/customers', { body });
  if (answer.status !== 201) throw new Error(`no customer: ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}

export function earn(service: Service, customer: string, body: object, headers: object = {}): Promise<Response> {
  return service.request('POST', `/customers/${customer}/loyalty/earn`, {
    role: 'service',
    body,
    headers: { 'Idempotency-Key': randomUUID(), ...headers },
  });
}

export function redeem(service: Service, customer: string, points: number, headers: object = {}): Promise<Response> {
  return service.request('POST', `/customers/${customer}/loyalty/redeem`, {
    role: 'service',
    body: { points },
    headers: { 'Idempotency-Key': randomUUID(), ...headers },
  });
}

/** The transaction at `location`, once it is no longer pending. */
export function settled(service: Service, location: string, timeout_ms = 30_000): Promise<LoyaltyTransaction> {
  return until(
    async () => {
      const { body } = await service.request('GET', location);
      return body.status !== 'pending' && (body as LoyaltyTransaction);
    },
    { what: `the outcome of ${location}`, timeout_ms },
  );
}

/** The sweep looks at nothing that is younger than this. */
export const SWEPT_AFTER_MS = 500;

/** From acceptance to decision in ms, by the database's clock. */
export const ageOf = ({ accepted_at, applied_at }: LoyaltyTransaction): number =>
  Date.parse(applied_at as string) - Date.parse(accepted_at);

/** Applied so soon that it was the doorbell that brought it. */
export const isRung = (transaction: LoyaltyTransaction): boolean => ageOf(transaction) < SWEPT_AFTER_MS;

/** Any other movement of a customer's points: `holds`, `reversals`, `transactions/…/reverse` … */
export function post(
  service: Service,
  path: string,
  body: object = {},
  { headers = {}, ...options }: RequestOptions = {},
): Promise<Response> {
  return service.request('POST', path, {
    ...{ role: 'service', body, headers: { 'Idempotency-Key': randomUUID(), ...headers } },
    ...options,
  });
}

/** Moves the clock of the ledger. */
export function passTime(service: Service, interval: string): Promise<unknown> {
  return service.database.db.raw(
    `insert into test_clock (ahead_by) values (?)
     on conflict (id) do update set ahead_by = test_clock.ahead_by + excluded.ahead_by`,
    [interval],
  );
}
