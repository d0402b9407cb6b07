// A loyalty account over HTTP, to read: the balance now and at a moment, what lapses when, the tiers so far.

import {
  DomainError,
  expirations,
  type LoyaltyBalance,
  type Programme,
  programmeAt,
  tierProgress,
} from '@customer-service/domain';
import * as store from '@customer-service/store';
import { decodeCursor, encodeCursor, toPage } from '../paging.ts';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';

const notFound = () => new DomainError('customer-not-found', 'There is no such customer.');

/** The balance, what the tier still lacks, and when that was true; or what was booked at another moment. */
export async function balance(request: ApiRequest<unknown, { as_of?: string }>, { db }: Services): Promise<Answer> {
  const customer_id = request.params.customer_id as string;
  const asked = request.query.as_of;
  if (asked !== undefined) return { status: 200, body: await balanceAt(asked, customer_id, db) };
  const { preview, as_of } = await look(customer_id, db);
  const programmes = await store.readProgrammes(db);
  return { status: 200, body: balanceOf(preview, programmeAt(programmes, as_of), as_of) };
}

async function look(customer_id: string, db: store.Database): Promise<{ preview: store.Preview; as_of: string }> {
  const row = await store.readBalance(db, customer_id);
  if (row === undefined) throw notFound();
  const { pending, as_of, ...account } = row;
  const [preview] = await store.previewAccounts(db, [{ account, pending, as_of }]);
  return { preview: preview as store.Preview, as_of };
}

function balanceOf({ account, ...points }: store.Preview, programme: Programme, as_of: string): LoyaltyBalance {
  return {
    points_balance: account.points_balance,
    points_available: points.points_available,
    points_held: account.points_held,
    points_pending: points.points_pending,
    points_debt: account.state.debt ?? 0,
    lifetime: {
      earned: account.lifetime_points_earned,
      redeemed: account.lifetime_points_redeemed,
      expired: account.lifetime_points_expired,
      adjusted: account.lifetime_points_adjusted,
      total_spent_minor: account.total_spent_minor,
      visits_count: account.visits_count,
    },
    tier: account.tier,
    tier_progress: tierProgress(programme, account, as_of),
    sequence: account.sequence,
    as_of,
  };
}

async function balanceAt(asked: string, customer_id: string, db: store.Database): Promise<object> {
  const as_of = new Date(asked).toISOString();
  const booked = await store.readBooked(db, customer_id, as_of);
  if (booked !== undefined) return { ...booked, as_of };
  if (!(await store.isOpen(db, customer_id))) throw notFound();
  const errors = [{ parameter: 'as_of', code: 'future', detail: 'is still to come' }];
  throw new Problem('invalid-query', 'Nobody knows a balance of the future.', { errors });
}

/** What would lapse when, lapsed lots left out; held points are not among it, because they are in no lot. */
export async function lapsing(request: ApiRequest, { db }: Services): Promise<Answer> {
  const { preview, as_of } = await look(request.params.customer_id as string, db);
  return { status: 200, body: { items: expirations(preview.account.state), as_of } };
}

interface PageQuery {
  limit: number;
  cursor?: string;
}

/** The newest first. */
export async function tiers(request: ApiRequest<unknown, PageQuery>, { db }: Services): Promise<Answer> {
  const customer_id = request.params.customer_id as string;
  const { cursor, limit } = request.query;
  const before = cursor === undefined ? undefined : Number(decodeCursor('tiers', cursor, Number.isSafeInteger));
  const rows = await store.listTierChanges(db, { customer_id, limit: limit + 1, before });
  if (rows.length === 0 && !(await store.isOpen(db, customer_id))) throw notFound();
  const item = ({ id: _id, ...change }: store.TierChangeRow) => change;
  return { status: 200, body: toPage(rows, limit, { item, cursor: (row) => encodeCursor('tiers', row.id) }) };
}
