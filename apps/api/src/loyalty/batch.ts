// Many events in one request, as a till posts them that comes back from being offline. Each item has its own key and
// its own answer: one that is wrong keeps nobody else from being accepted, unless the caller asked for all or none.

import { DomainError, type FieldError, scopeOf } from '@customer-service/domain';
import * as store from '@customer-service/store';
import type Joi from 'joi';
import { checkBody } from '../middleware/validate.ts';
import { Problem, type ProblemField, problemDocument } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { newTransaction, present, ringFor } from './accept.ts';
import { type EventType, eventOf, type Posted } from './events.ts';
import { batchItems } from './schemas.ts';

interface Batch {
  /** Not checked yet; a Problem stands for a line of NDJSON that is none. */
  items: (object | Problem)[];
  atomic?: boolean;
}

/** Faults that an answer names, of a whole batch and of one of its items. */
const TOLD_OF_A_BATCH = 100;
const TOLD_OF_AN_ITEM = 10;

export type Refusal = Problem | DomainError;
type Result = store.Accepted | Refusal;

export async function ingest(request: ApiRequest<Batch, { atomic?: boolean }>, services: Services): Promise<Answer> {
  const atomic = request.body.atomic ?? request.query.atomic ?? false;
  const checked = request.body.items.map((item) => checkItem(item, request));
  if (atomic) refuseAll(checked.map((item) => (isRefusal(item) ? item : null)));

  const sound = checked.filter((item): item is store.NewTransaction => !isRefusal(item));
  const answers = sound.length === 0 ? [] : await acceptFollowingMerges(services.db, sound, atomic);
  services.metrics.accepted(sound, answers);
  if (atomic) refuseAll(answers.map((answer) => (isRefusal(answer) ? answer : null)));

  const rest = answers.values();
  const results = checked.map((item): Result => (isRefusal(item) ? item : (rest.next().value as Result)));
  for (const result of results) if (!isRefusal(result)) ringFor(result.transaction, services);
  return { status: 207, body: toAnswer(results, request) };
}

function checkItem(item: object | Problem, { principal }: ApiRequest<Batch>): store.NewTransaction | Refusal {
  if (item instanceof Problem) return item;
  const type = (item as { type?: unknown }).type as EventType;
  try {
    if (!Object.hasOwn(batchItems, type)) throw unknownType();
    if (scopeOf(principal.role, `loyalty:${type}`) !== 'any') {
      throw new Problem('forbidden', `This needs the permission loyalty:${type}.`);
    }
    const checked = checkBody(batchItems[type] as Joi.ObjectSchema, item) as Posted & store.NewTransaction;
    const { type: _type, customer_id, idempotency_key, ...body } = checked;
    return newTransaction({ ...eventOf(type, body), customer_id, idempotency_key }, principal);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** A till that was offline may not know that a customer lives on as another one: those items go there. */
async function acceptFollowingMerges(
  db: store.Database,
  items: store.NewTransaction[],
  atomic: boolean,
): Promise<Result[]> {
  const accept = atomic ? store.acceptTogether : store.acceptTransactions;
  const answers = await accept(db, items);
  const unknown = items.filter((_, index) => isUnknownCustomer(answers[index]));
  if (unknown.length === 0) return answers;
  const merged = await store.readMergedInto(
    db,
    unknown.map(({ customer_id }) => customer_id),
  );
  if (merged.size === 0) return answers;
  // All of them again: what is in already finds its own row.
  return accept(
    db,
    items.map((item) => ({ ...item, customer_id: merged.get(item.customer_id) ?? item.customer_id })),
  );
}

function isUnknownCustomer(answer: Result | undefined): boolean {
  return answer instanceof DomainError && answer.code === 'customer-not-found';
}

function unknownType(): Problem {
  const errors = [
    { pointer: '/type', code: 'not-allowed', detail: `must be one of ${Object.keys(batchItems).join(', ')}` },
  ];
  return new Problem('validation-failed', '1 field(s) break a rule.', { errors });
}

/** @throws Problem `batch-refused` that names every refused item, when there is one */
function refuseAll(refusals: (Refusal | null)[]): void {
  const errors: ProblemField[] = refusals.flatMap((refusal, index) =>
    refusal === null
      ? []
      : errorsOf(refusal).map((error) => ({ ...error, pointer: `/items/${index}${error.pointer}` })),
  );
  if (errors.length === 0) return;
  throw new Problem('batch-refused', `Nothing of the batch was accepted: ${errors.length} fault(s).`, {
    errors: errors.slice(0, TOLD_OF_A_BATCH),
  });
}

function errorsOf(refusal: Refusal): FieldError[] {
  const fields = (refusal.errors as ProblemField[]).filter((error): error is FieldError => 'pointer' in error);
  return fields.length > 0 ? fields : [{ pointer: '', code: refusal.code, detail: refusal.message }];
}

function toAnswer(results: Result[], request: ApiRequest<Batch>) {
  const items = results.map((result, index) => {
    const given = request.body.items[index] as { idempotency_key?: unknown };
    const idempotency_key = typeof given.idempotency_key === 'string' ? given.idempotency_key : null;
    if (isRefusal(result)) {
      return { index, idempotency_key, outcome: 'refused', problem: problemOfItem(result, index, request) };
    }
    const { transaction, replayed } = result;
    return { index, idempotency_key, outcome: replayed ? 'replayed' : 'accepted', transaction: present(transaction) };
  });
  const count = (outcome: string) => items.filter((item) => item.outcome === outcome).length;
  return { accepted: count('accepted'), replayed: count('replayed'), refused: count('refused'), items };
}

/** What the answer to a batch says of an item that was refused. */
export function problemOfItem(refusal: Refusal, index: number, { path, request_id }: ApiRequest): object {
  const told = new Problem(refusal.code, refusal.message, { errors: refusal.errors.slice(0, TOLD_OF_AN_ITEM) });
  return problemDocument(told, { path: `${path}#/items/${index}`, request_id });
}

export function isRefusal(value: unknown): value is Refusal {
  return value instanceof Problem || value instanceof DomainError;
}
