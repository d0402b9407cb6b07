// Many customers in one request, as another system hands them over. Each item has its own answer: one that is wrong keeps
// nobody else out. Sent again, it changes nothing.

import type { CustomerProfile } from '@customer-service/domain';
import * as store from '@customer-service/store';
import { v7 as uuidv7 } from 'uuid';
import { actorOf } from '../actor.ts';
import { NOTHING_SAID, newTransaction, ringFor } from '../loyalty/accept.ts';
import { isRefusal, problemOfItem, type Refusal } from '../loyalty/batch.ts';
import { checkBody } from '../middleware/validate.ts';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Principal, Services } from '../route.ts';
import { normalise } from './handlers.ts';
import { importedCustomer } from './import-schemas.ts';
import { type GivenPreferences, recallNotes } from './preferences.ts';

interface Batch {
  /** Not checked yet. */
  items: object[];
}

interface OpeningBalance {
  points: number;
  occurred_at: string | null;
}

type Checked = CustomerProfile & { external_id: string; opening_balance?: OpeningBalance };

type Result = store.Imported | Refusal;

export async function importBatch(
  request: ApiRequest<Batch, { dry_run?: boolean }>,
  services: Services,
): Promise<Answer> {
  const { dry_run = false } = request.query;
  const checked = request.body.items.map((item) => checkItem(item, request.principal));
  const sound = checked.filter((item): item is store.ImportedCustomer => !isRefusal(item));
  const answers = await store.importCustomers(services.db, sound, { actor: actorOf(request), dry_run });
  if (!dry_run) ringForBalances(answers, services);

  const rest = answers.values();
  const results = checked.map((item): Result => (isRefusal(item) ? item : (rest.next().value as Result)));
  return { status: 207, body: toAnswer(results, request) };
}

function ringForBalances(answers: readonly Result[], services: Services): void {
  const balances = answers.flatMap((answer) => (isRefusal(answer) ? [] : (answer.balance ?? [])));
  services.metrics.accepted(
    balances.map(({ transaction }) => transaction),
    balances,
  );
  for (const { transaction } of balances) ringFor(transaction, services);
}

function checkItem(item: object, principal: Principal): store.ImportedCustomer | Problem {
  try {
    const { opening_balance, ...profile } = checkBody(importedCustomer, item) as Checked;
    const id = uuidv7();
    return {
      id,
      external_id: profile.external_id.normalize('NFC'),
      wanted: (known?: CustomerProfile) => wantedOf({ item, profile, known }, principal),
      balance: opening_balance && opening_balance.points > 0 ? balanceOf(id, opening_balance, principal) : null,
    } as store.ImportedCustomer;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

interface Given {
  /** As it was sent, without defaults. */
  item: { preferences?: object };
  profile: CustomerProfile;
  known: CustomerProfile | undefined;
}

/** All of a new customer; of one that is known what the item names, and nothing that defaults have filled in. */
function wantedOf({ item, profile, known }: Given, principal: Principal): Partial<CustomerProfile> {
  if (known === undefined) return normalise(profile, principal);
  const { preferences, ...named } = part(profile, Object.keys(item));
  if (preferences === undefined) return normalise(named, principal);
  const given = part(preferences, Object.keys(item.preferences as object)) as GivenPreferences;
  return normalise({ ...named, preferences: recallNotes(given, known.preferences) as never }, principal);
}

function part<Fields extends object>(fields: Fields, names: string[]): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name))) as Partial<Fields>;
}

/** By a key of its own that is the same each time: a second import finds the first one's. */
function balanceOf(customer_id: string, balance: OpeningBalance, principal: Principal): store.NewTransaction {
  const { points, occurred_at } = balance;
  return newTransaction(
    {
      ...{ type: 'adjust_credit', operation: 'opening-balance', customer_id, idempotency_key: 'opening-balance' },
      ...{ body: balance, about: { ...NOTHING_SAID, occurred_at }, points, terms: { reason_code: 'migration' } },
    },
    principal,
  );
}

function toAnswer(results: Result[], request: ApiRequest<Batch, { dry_run?: boolean }>) {
  const { dry_run = false } = request.query;
  const items = results.map((result, index) => {
    const given = request.body.items[index] as { external_id?: unknown };
    const external_id = typeof given.external_id === 'string' ? given.external_id : null;
    if (isRefusal(result)) {
      return { index, external_id, outcome: 'refused', problem: problemOfItem(result, index, request) };
    }
    const { outcome, customer_id, balance } = result;
    return {
      ...{ index, external_id, outcome },
      ...(!(dry_run && outcome === 'created') && { customer_id }),
      ...(balance && { opening_balance: balance.replayed ? 'replayed' : 'accepted' }),
    };
  });
  const count = (outcome: string) => items.filter((item) => item.outcome === outcome).length;
  const counts = { created: count('created'), changed: count('changed'), unchanged: count('unchanged') };
  return { dry_run, ...counts, refused: count('refused'), items };
}
