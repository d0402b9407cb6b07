// Merging two records of one person: the profile is united, the points move by two lines of the ledger through the
// same decision and the same save as all others, and the source lives on as the target's other name.

import {
  changesBetween,
  DomainError,
  type LoyaltyAccount,
  mergeProfiles,
  overfullLists,
  type Transfer,
} from '@customer-service/domain';
import { v7 as uuidv7 } from 'uuid';
import { applyApart, applyWithin } from './apply-pending.ts';
import { type Actor, writeAudit } from './audit-log.ts';
import { applyAll, blankProfiles, type LockedCustomer, lockCustomers } from './closing.ts';
import { type Database, rows } from './connect.ts';
import { type CustomerRow, profileOf, readCustomer, toColumns } from './customers.ts';
import { closeAccount, readAccounts } from './loyalty-accounts.ts';
import { customerEvent, writeEvents } from './outbox.ts';

export interface Merge {
  target_id: string;
  /** Not the target's. */
  source_id: string;
  /** Of the two lines of the ledger: UUIDv7, new. */
  transfer_ids: { out: string; in: string };
  actor: Actor;
}

/**
 * Merges in one SQL transaction, with both accounts locked in id order; what was accepted for either is applied first.
 * A pair that was merged before is answered as it stands now.
 * @returns the target
 * @throws DomainError `customer-not-found` (either is missing or erased, or the target was merged itself),
 *   `customer-merged` (the source lives on as somebody else), `value-refused` (a list or a sum would grow too large)
 */
export async function mergeCustomers(db: Database, merge: Merge): Promise<CustomerRow> {
  const pair = [merge.target_id, merge.source_id];
  // A backlog is worked off under the ordinary lock, so that the one that holds up accepting is held shortly.
  await applyApart(db, pair);
  return db.transaction(async (tx) => {
    const locked = await lockCustomers(tx, pair);
    const target = requireOpen(locked.get(merge.target_id));
    const source = requireSource(locked.get(merge.source_id));
    if (source.merged_into === target.id) return (await readCustomer(tx, target.id)) as CustomerRow;
    if (source.merged_into !== null) {
      throw new DomainError('customer-merged', `The source was merged into ${source.merged_into} before.`);
    }
    await applyAll(tx, pair);
    await transferPoints(tx, merge);
    await moveProfile(tx, { target, source, actor: merge.actor });
    await closeAccount(tx, source.id);
    return (await readCustomer(tx, target.id)) as CustomerRow;
  });
}

function requireOpen(customer: LockedCustomer | undefined): LockedCustomer {
  if (customer === undefined || customer.erased_at !== null || customer.merged_into !== null) {
    throw new DomainError('customer-not-found', 'There is no such customer.');
  }
  return customer;
}

function requireSource(customer: LockedCustomer | undefined): LockedCustomer {
  if (customer !== undefined && customer.erased_at === null) return customer;
  const errors = [{ pointer: '/from_customer_id', code: 'not-found', detail: 'is the id of no customer' }];
  throw new DomainError('customer-not-found', 'There is no customer to merge from.', errors);
}

/** A space, which no key of a client can have, keeps these keys apart from all others. */
const keyOf = (merge: Merge) => `merge of ${merge.source_id}`;

/** All that the source has moves. The caller holds both accounts, and nothing is pending for them. */
async function transferPoints(tx: Database, merge: Merge): Promise<void> {
  const { target_id, source_id, transfer_ids } = merge;
  const [now] = await rows<{ at: string }>(tx, 'select ledger_now() as at');
  const at = now?.at as string;
  await applyWithin(tx, [target_id, source_id], { settle: { at } });
  await releaseHolds(tx, merge, at);
  await takeParkedAlong(tx, merge, at);
  const [source] = await readAccounts(tx, [source_id]);
  if (source === undefined) throw new Error(`no account of ${source_id}`);
  if (source.points_balance < 0) {
    throw new DomainError('value-refused', 'The balance to merge is below zero; settle it by an adjustment first.');
  }
  const lines = [
    { id: transfer_ids.out, customer_id: source_id, type: 'transfer_out', external_reference: target_id },
    { id: transfer_ids.in, customer_id: target_id, type: 'transfer_in', external_reference: source_id },
  ];
  await tx('loyalty_transactions').insert(
    lines.map((line) => ({
      ...line,
      ...ofMerge(merge, keyOf(merge), at),
      points: source.points_balance,
      amount_minor: source.total_spent_minor || null,
      visits: source.visits_count,
      terms: JSON.stringify({ transfer: transferOf(source) }),
    })),
  );
  await applyWithin(tx, [target_id, source_id]);
  const refused = await tx('loyalty_transactions')
    .whereIn('id', [transfer_ids.out, transfer_ids.in])
    .whereNot('status', 'applied');
  if (refused.length > 0) throw new DomainError('value-refused', 'The sums of both accounts are too large for one.');
}

const ofMerge = ({ actor }: Merge, idempotency_key: string, at: string) => ({
  ...{ idempotency_key, fingerprint: Buffer.alloc(0), source: 'merge', accepted_from: `${actor.role}:${actor.sub}` },
  ...{ occurred_at: at, accepted_at: at },
});

function transferOf({ state, ...account }: LoyaltyAccount): Transfer {
  return {
    earned: account.lifetime_points_earned,
    redeemed: account.lifetime_points_redeemed,
    expired: account.lifetime_points_expired,
    adjusted: account.lifetime_points_adjusted,
    debt: state.debt ?? 0,
    lots: state.lots ?? [],
    activity: state.activity ?? [],
    last_visit_at: account.last_visit_at,
    member_since: state.member_since ?? null,
    tier_floor: state.tier_floor ?? 'bronze',
  };
}

/** What the source had on hold is free again: nobody can capture it under the other id. */
async function releaseHolds(tx: Database, merge: Merge, at: string): Promise<void> {
  const [source] = await readAccounts(tx, [merge.source_id]);
  const holds = source?.state.holds ?? [];
  if (holds.length === 0) return;
  await tx('loyalty_transactions').insert(
    holds.map((hold) => ({
      ...{ id: uuidv7(), customer_id: merge.source_id, type: 'release' },
      ...ofMerge(merge, `${keyOf(merge)}, hold ${hold.id}`, at),
      terms: JSON.stringify({ hold_id: hold.id }),
    })),
  );
  await applyWithin(tx, [merge.source_id]);
}

/**
 * Refunds of the source that wait for their purchase wait on with the target, under ids of their own: it will be there
 * that the purchase comes in. The source's own rows stay parked for good.
 */
async function takeParkedAlong(tx: Database, merge: Merge, at: string): Promise<void> {
  const parked = await tx('loyalty_transactions')
    .select('id', 'type', 'amount_minor', 'currency', 'order_id', 'terms')
    .where({ customer_id: merge.source_id, status: 'parked' })
    .orderBy('position');
  if (parked.length === 0) return;
  await tx('loyalty_transactions').insert(
    parked.map(({ id, terms, ...refund }) => ({
      ...{ ...refund, id: uuidv7(), customer_id: merge.target_id, terms: terms && JSON.stringify(terms) },
      ...ofMerge(merge, `${keyOf(merge)}, refund ${id}`, at),
    })),
  );
}

/** Unites the profiles. The source is emptied first, because what is unique can be in one place only. */
async function moveProfile(
  tx: Database,
  { target, source, actor }: { target: LockedCustomer; source: LockedCustomer; actor: Actor },
): Promise<void> {
  const [before, given] = [profileOf(target), profileOf(source)];
  const after = mergeProfiles(before, given);
  const overfull = overfullLists(after);
  if (overfull.length > 0) {
    throw new DomainError(
      'value-refused',
      `United, these lists are too long: ${overfull.join(', ')}. Shorten them first.`,
    );
  }
  const [emptied] = await blankProfiles(tx, [source.id], { merged_into: target.id });
  await tx('customers').where({ merged_into: source.id }).update({ merged_into: target.id });
  const [united] = await tx('customers')
    .where({ id: target.id })
    .update({ ...toColumns(after), version: tx.raw('version + 1'), updated_at: tx.raw('now()') }, ['version']);

  const from = { merged_from: { before: null, after: source.id } };
  const into = { merged_into: { before: null, after: target.id } };
  await writeAudit(tx, actor, {
    ...{ action: 'customer.merged', customer_id: target.id },
    changes: { ...changesBetween(before, after), ...from },
  });
  // What the source said and the target did not take can be read here still.
  await writeAudit(tx, actor, {
    ...{ action: 'customer.merged_into', customer_id: source.id },
    changes: { ...changesBetween(given, {}), ...into },
  });
  const gained = { customer_id: target.id, version: united?.version as number, changes: changesBetween(before, after) };
  const lost = { customer_id: source.id, version: emptied?.version as number, changes: changesBetween(given, {}) };
  await writeEvents(tx, [
    customerEvent('customer.merged', gained, { merged_from: source.id, merged_into: null }),
    customerEvent('customer.merged', lost, { merged_from: null, merged_into: target.id }),
  ]);
}
