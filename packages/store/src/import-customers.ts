// Many customers at once, as another system knows them: made, or changed where their external id is known, each with the
// points it brings along. One SQL transaction a batch; whoever can't be taken is refused alone.

import { isDeepStrictEqual } from 'node:util';
import { type CustomerProfile, DomainError } from '@customer-service/domain';
import { type Accepted, acceptOnce, type NewTransaction } from './accept-transactions.ts';
import type { Actor } from './audit-log.ts';
import { type Database, rows } from './connect.ts';
import { insertCustomers, PROFILE_COLUMNS, refuseDuplicates, updateCustomer } from './customers.ts';
import { isDataFault, isDeadlock } from './faults.ts';

export interface ImportedCustomer {
  external_id: string;
  /** Of the customer, if it is new. */
  id: string;
  /** The whole profile of a new customer; of one that is known the fields to write, within preferences likewise. */
  wanted(known: undefined): CustomerProfile;
  wanted(known: CustomerProfile): Partial<CustomerProfile>;
  /** What it brings along, booked once by its key; `customer_id` is filled in here. */
  balance: NewTransaction | null;
}

export interface Imported {
  outcome: 'created' | 'changed' | 'unchanged';
  customer_id: string;
  /** What was accepted of the balance, or had been before. */
  balance: Accepted | null;
}

type Answer = Imported | DomainError;
type Answers = Map<ImportedCustomer, Answer>;

interface How {
  actor: Actor;
  /** Does everything, and takes it back. */
  dry_run: boolean;
}

/**
 * Takes the customers in the order given: the same external id a second time finds the first. A customer that is refused
 * is not changed at all, and no points of it are booked.
 * @returns one answer a customer: what came of it, or the DomainError it alone fails with (`customer-exists`,
 *   `idempotency-key-reused`: its balance was booked with other points, `value-refused`)
 */
export async function importCustomers(
  db: Database,
  customers: readonly ImportedCustomer[],
  { actor, dry_run }: How,
): Promise<Answer[]> {
  for (let attempt = 1; ; attempt += 1) {
    const answers: Answers = new Map();
    const work = async (tx: Database) => {
      for (const round of roundsOf(customers)) await takeSome(tx, round, { actor, answers });
      if (dry_run) throw new TakenBack();
    };
    try {
      await db.transaction(work);
    } catch (error) {
      // Two batches with the same emails in another order wait for each other, and one has to give way.
      if (isDeadlock(error) && attempt < ATTEMPTS) continue;
      if (!(error instanceof TakenBack)) throw error;
    }
    return customers.map((customer) => answers.get(customer) as Answer);
  }
}

const ATTEMPTS = 3;

class TakenBack extends Error {}

/** Each without two of one external id. */
function* roundsOf(customers: readonly ImportedCustomer[]): Generator<ImportedCustomer[]> {
  for (let rest = [...customers]; rest.length > 0; ) {
    const first = new Map<string, ImportedCustomer>();
    for (const customer of rest) if (!first.has(customer.external_id)) first.set(customer.external_id, customer);
    const round = new Set(first.values());
    yield [...round];
    rest = rest.filter((customer) => !round.has(customer));
  }
}

interface Work {
  actor: Actor;
  answers: Answers;
}

/** All of them together, to a savepoint; where PostgreSQL refuses one, the halves apart. */
async function takeSome(tx: Database, customers: ImportedCustomer[], work: Work): Promise<void> {
  try {
    const taken = await refuseDuplicates(() => tx.transaction((part) => takeTogether(part, customers, work.actor)));
    for (const [customer, answer] of taken) work.answers.set(customer, answer);
  } catch (error) {
    if (!(error instanceof DomainError || isDataFault(error))) throw error;
    const [alone] = customers;
    if (alone !== undefined && customers.length === 1) {
      // Somebody else has made it meanwhile: it is known now.
      if (isOfExternalId(error)) await takeSome(tx, customers, work);
      else work.answers.set(alone, refusalOf(error));
    } else {
      const half = Math.ceil(customers.length / 2);
      await takeSome(tx, customers.slice(0, half), work);
      await takeSome(tx, customers.slice(half), work);
    }
  }
}

function isOfExternalId(error: unknown): boolean {
  return error instanceof DomainError && error.errors.some(({ pointer }) => pointer === '/external_id');
}

function refusalOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  return new DomainError('value-refused', 'The database refused a value of this customer.');
}

type KnownCustomer = CustomerProfile & { id: string };

/** Accounts are locked before customers, as everybody does; customers in id order. */
async function takeTogether(tx: Database, customers: ImportedCustomer[], actor: Actor): Promise<Answers> {
  const known = await readKnown(tx, customers);
  // In one order everywhere, so that two who bring the same customers do not wait for each other.
  const fresh = customers
    .filter(({ external_id }) => !known.has(external_id))
    .toSorted((a, b) => (a.external_id < b.external_id ? -1 : 1));
  const made = fresh.map(({ id, wanted }) => ({ id, profile: wanted(undefined) }));
  if (made.length > 0) await insertCustomers(tx, made, actor);

  const idOf = ({ id, external_id }: ImportedCustomer) => known.get(external_id)?.id ?? id;
  const balances = await bookBalances(tx, customers, idOf);
  const answers: Answers = new Map();
  for (const customer of customers.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))) {
    const balance = balances.get(customer) ?? null;
    const before = known.get(customer.external_id);
    if (balance instanceof DomainError) {
      // Made already: it has to go again.
      if (before === undefined) throw balance;
      answers.set(customer, balance);
    } else {
      const outcome = before === undefined ? 'created' : await write(tx, before, customer.wanted(before), actor);
      answers.set(customer, { outcome, customer_id: idOf(customer), balance });
    }
  }
  return answers;
}

async function readKnown(tx: Database, customers: ImportedCustomer[]): Promise<Map<string, KnownCustomer>> {
  const found = await rows<KnownCustomer & { external_id: string }>(
    tx,
    `select id, ${PROFILE_COLUMNS.join(', ')} from customers where external_id = any(?)`,
    [customers.map(({ external_id }) => external_id)],
  );
  return new Map(found.map((row) => [row.external_id, row]));
}

async function bookBalances(
  tx: Database,
  customers: ImportedCustomer[],
  idOf: (customer: ImportedCustomer) => string,
): Promise<Map<ImportedCustomer, Accepted | DomainError>> {
  const bringing = customers.filter(({ balance }) => balance !== null);
  if (bringing.length === 0) return new Map();
  const asked = bringing.map((customer) => ({ ...(customer.balance as NewTransaction), customer_id: idOf(customer) }));
  const booked = await acceptOnce(tx, asked);
  return new Map(bringing.map((customer, index) => [customer, booked[index] as Accepted | DomainError]));
}

/** Only what differs; nothing is written, and no version counted, for what is as it should be. */
async function write(
  tx: Database,
  { id, ...before }: KnownCustomer,
  wanted: Partial<CustomerProfile>,
  actor: Actor,
): Promise<'changed' | 'unchanged'> {
  const { preferences, ...profile } = wanted;
  const changes: Partial<CustomerProfile> = differing(profile, before);
  const preferred = differing(preferences ?? {}, before.preferences);
  if (Object.keys(preferred).length > 0) changes.preferences = preferred as CustomerProfile['preferences'];
  if (Object.keys(changes).length === 0) return 'unchanged';
  await updateCustomer(tx, { id, changes, actor });
  return 'changed';
}

function differing<Fields extends object>(wanted: Fields, before: object): Partial<Fields> {
  const entries = Object.entries(wanted).filter(
    ([name, value]) => !isDeepStrictEqual(value, before[name as keyof typeof before]),
  );
  return Object.fromEntries(entries) as Partial<Fields>;
}
