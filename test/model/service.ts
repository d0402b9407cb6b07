// The processes of the service as generators: API instances that accept in batches and ring, a queue that forgets,
// doubles and shuffles, workers and their sweep, tills that send again under the same key, and whoever ends processes
// and cuts connections.

import { EMPTY_STATE, type LoyaltyAccount, type TransactionType } from '@customer-service/domain';
import { createScheduler, type Steps } from './scheduler.ts';
import {
  type Accepted,
  accept,
  apply,
  applyApart,
  DecidedBefore,
  type Desk,
  type Mistake,
  type Sale,
} from './statements.ts';
import { Cut, createStore } from './store.ts';

const APIS = ['api 1', 'api 2'];
const WORKERS = ['worker 1', 'worker 2'];
const MOST_STEPS = 20_000;
const MOMENT = '2026-03-01T12:00:00.000Z';

/** What a till knows of a sale: when it was first sent, and when and how it was answered. */
export interface Told {
  sale: Sale;
  till: number;
  sent_at: number;
  answered_at?: number;
  answer?: Accepted;
}

interface Request {
  sale: Sale;
  wait: boolean;
  answer?: Accepted;
  gone?: boolean;
}

export interface Run extends Desk {
  customers: string[];
  told: Told[];
  faults: Record<string, number>;
  /** What must never happen, seen while it ran. */
  alarms: string[];
  /** Customers with something undecided when all came to rest the first time, the poisoned apart. */
  delayed: string[];
  steps: number;
}

export interface Setting {
  mistakes?: readonly Mistake[];
  /** Nothing dies, nothing is cut, and the queue loses nothing. */
  calm?: boolean;
}

export const newAccount = (customer_id: string): LoyaltyAccount => ({
  ...{ customer_id, customer_status: 'active', points_balance: 0, points_held: 0, lifetime_points_earned: 0 },
  ...{ lifetime_points_redeemed: 0, lifetime_points_expired: 0, lifetime_points_adjusted: 0, total_spent_minor: 0 },
  ...{ visits_count: 0, last_visit_at: null, tier: 'bronze', sequence: 0, settles_at: null, state: EMPTY_STATE },
});

/** Plays one schedule to its end. @throws Error when it never comes to rest */
export function play(seed: number, { mistakes = [], calm = false }: Setting = {}): Run {
  const scheduler = createScheduler(seed);
  const { random } = scheduler;
  const store = createStore(scheduler);
  const run: Run = {
    ...{ store, random, mistakes: new Set(mistakes), poisoned: new Set(), customers: ['a', 'b', 'c'] },
    ...{ told: [], faults: {}, alarms: [], delayed: [], steps: 0 },
  };
  for (const customer of run.customers) {
    store.committed.accounts.set(customer, { account: newAccount(customer), closed_after: null });
  }
  const inboxes = new Map<string, Request[]>(APIS.map((api) => [api, []]));
  const queue: string[][] = [];
  const paused = new Map<string, Set<string>>();
  let made = 0;
  let stormy = !calm;

  const count = (fault: string) => {
    run.faults[fault] = (run.faults[fault] ?? 0) + 1;
  };
  const mistaken = (mistake: Mistake) => run.mistakes.has(mistake);

  function newSale(key: string, customer_id: string): Sale {
    const type = random.pick<TransactionType>(['earn', 'earn', 'redeem']);
    const purchase = type === 'earn' && random.chance(0.3);
    return {
      id: '',
      idempotency_key: key,
      customer_id,
      type,
      points: purchase ? null : 1 + random.below(100),
      amount_minor: purchase ? 100 * (1 + random.below(1_000)) : null,
      currency: purchase ? 'USD' : null,
      visits: null,
      order_id: null,
      terms: null,
      occurred_at: MOMENT,
      accepted_at: MOMENT,
    };
  }

  function ring(customer_id: string): void {
    const rings = stormy ? random.pick([0, 1, 1, 1, 2]) : 1;
    if (rings !== 1) count(rings === 0 ? 'ring lost' : 'ring doubled');
    for (let left = rings; left > 0; left -= 1) queue.push([customer_id]);
  }

  function* api(process: string): Steps {
    const inbox = inboxes.get(process) as Request[];
    for (;;) {
      yield () => inbox.length > 0;
      const requests = inbox.splice(0);
      // Every try has an id of its own; the key is what stays.
      const sales = requests.map(({ sale }) => ({ ...sale, id: `row ${++made}` }));
      if (mistaken('ring_before_commit')) for (const { customer_id } of sales) ring(customer_id);
      if (mistaken('answer_before_commit'))
        for (const [index, sale] of sales.entries())
          (requests[index] as Request).answer = { ...sale, position: 0, outcome: null };
      yield undefined;
      try {
        const answers = yield* accept(run, process, sales);
        for (const [index, answer] of answers.entries())
          yield* answerRequest(process, requests[index] as Request, answer);
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
        count('outcome unknown');
        for (const request of requests) request.gone = true;
      }
    }
  }

  function* answerRequest(process: string, request: Request, answer: Accepted): Steps {
    yield undefined;
    if (answer === 'customer-not-found') {
      request.answer ??= answer;
      return;
    }
    if (!mistaken('ring_before_commit')) ring(answer.customer_id);
    if (request.wait) scheduler.spawn(process, applyAndAnswer(process, request, answer));
    else request.answer ??= answer;
  }

  /** A till that waits for the outcome. */
  function* applyAndAnswer(process: string, request: Request, answer: Accepted & object): Steps {
    yield* applyAll(process, [answer.customer_id]);
    request.answer ??= answer;
  }

  /** @returns those who could not be applied, or undefined when the database went away */
  function* applyAll(process: string, customers: readonly string[]): Steps<string[] | undefined> {
    try {
      return yield* applyApart(run, process, [...new Set(customers)].sort());
    } catch (error) {
      if (error instanceof DecidedBefore) run.alarms.push(`decided before: ${error.message}`);
      else if (!(error instanceof Cut)) throw error;
      return undefined;
    }
  }

  function* worker(process: string): Steps {
    for (;;) {
      yield () => queue.length > 0;
      const jobs: string[][] = [];
      for (let take = 1 + random.below(3); take > 0 && queue.length > 0; take -= 1)
        jobs.push(...queue.splice(stormy ? random.below(queue.length) : 0, 1));
      yield* applyAll(process, jobs.flat());
    }
  }

  function* sweep(process: string): Steps {
    const resting = paused.get(process) as Set<string>;
    for (;;) {
      yield () => store.waiting().some((row) => !resting.has(row.customer_id));
      const overdue = store.waiting().map((row) => row.customer_id);
      const customers = overdue.filter((customer) => !resting.has(customer));
      for (const customer of (yield* applyAll(process, customers)) ?? []) resting.add(customer);
    }
  }

  const up = new Set<string>();

  function start(process: string): void {
    up.add(process);
    if (APIS.includes(process)) scheduler.spawn(process, api(process));
    else {
      paused.set(process, new Set());
      scheduler.spawn(process, worker(process));
      if (!mistaken('no_sweep')) scheduler.spawn(process, sweep(process));
    }
  }

  function die(process: string): void {
    count(`killed ${process.slice(0, -2)}`);
    up.delete(process);
    scheduler.kill(process);
    for (const session of store.sessionsOf(process)) store.disconnect(session);
    for (const request of inboxes.get(process)?.splice(0) ?? []) request.gone = true;
    for (const request of asked) if (request.process === process) request.gone = true;
  }

  const asked = new Set<Request & { process: string }>();

  function* till(number: number, customers: readonly string[]): Steps {
    const sales = 1 + random.below(3);
    for (let sale = 0; sale < sales; sale += 1) {
      const told: Told = {
        sale: newSale(`${number}-${sale}`, random.pick(customers)),
        till: number,
        sent_at: scheduler.now(),
      };
      run.told.push(told);
      for (let tries = 1; told.answer === undefined; tries += 1) {
        if (tries > 1) count('sent again');
        yield () => APIS.some((process) => up.has(process));
        const process = random.pick(APIS.filter((each) => up.has(each)));
        const idempotency_key = mistaken('new_key_each_try')
          ? `${told.sale.idempotency_key} ${tries}`
          : told.sale.idempotency_key;
        const request: Request & { process: string } = {
          sale: { ...told.sale, idempotency_key },
          wait: random.chance(0.2),
          process,
        };
        asked.add(request);
        inboxes.get(process)?.push(request);
        const impatient = stormy && random.chance(0.1);
        yield () => request.answer !== undefined || request.gone === true || (impatient && stormy);
        asked.delete(request);
        if (request.answer === undefined) continue;
        told.answer = request.answer;
        told.answered_at = scheduler.now();
      }
    }
  }

  function* closeDesk(customer: string): Steps {
    for (let pause = random.below(40); pause > 0; pause -= 1) yield undefined;
    for (;;) {
      try {
        yield* apply(run, { process: 'desk', customers: [customer], close: true });
        count('closed');
        return;
      } catch (error) {
        if (error instanceof DecidedBefore) throw error;
      }
    }
  }

  function* storm(): Steps {
    for (let faults = random.below(8); faults > 0; faults -= 1) {
      for (let pause = random.below(25); pause > 0; pause -= 1) yield undefined;
      const process = random.pick([...APIS, ...WORKERS]);
      const sessions = [...APIS, ...WORKERS].flatMap((each) => store.sessionsOf(each));
      const what = random.below(4);
      if (what === 0 && up.has(process)) {
        die(process);
        scheduler.spawn('supervisor', restart(process));
      } else if (what === 1 && queue.length > 0) {
        count('queue emptied');
        queue.splice(0);
      } else if (sessions.length > 0) {
        count('connection cut');
        store.cut(random.pick(sessions));
      }
    }
  }

  function* restart(process: string): Steps {
    for (let pause = random.below(20); pause > 0; pause -= 1) yield undefined;
    start(process);
  }

  for (const process of [...APIS, ...WORKERS]) start(process);
  if (stormy && random.chance(0.15)) run.poisoned.add('c');
  for (let number = 1; number <= 3; number += 1) scheduler.spawn('till', till(number, run.customers));
  if (random.chance(0.25)) scheduler.spawn('desk', closeDesk('b'));
  if (stormy) scheduler.spawn('storm', storm());
  scheduler.rest(MOST_STEPS);
  run.delayed = [...new Set(store.waiting().map((row) => row.customer_id))].filter(
    (customer) => !run.poisoned.has(customer),
  );

  // The storm is over, and whoever had to be left alone is taken up again.
  stormy = false;
  run.poisoned.clear();
  for (const resting of paused.values()) resting.clear();
  scheduler.rest(MOST_STEPS);
  run.steps = scheduler.now();
  return run;
}
