// What is done to a service to find out whether it has a certain bug. A service without one passes them all.

import { randomUUID } from 'node:crypto';
import { acceptTransactions } from '@customer-service/store';
import { SWEPT_AFTER_MS } from '../../helpers/shop.ts';
import { until } from '../../helpers/until.ts';
import { createCustomers } from '../rig/chaos.ts';
import { crash, MOMENTS } from '../rig/faults.ts';
import { type History, newHistory } from '../rig/history.ts';
import { judge } from '../rig/oracle.ts';
import type { Rig } from '../rig/rig.ts';
import { postEarn, startTills } from '../rig/tills.ts';

export type Broken = Record<string, string[]>;

export interface Scenario {
  apis: number;
  workers: number;
  run(rig: Rig): Promise<Broken>;
}

const DRAIN_MS = 8_000;
const lasting = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const scenarios = {
  /** Nothing is broken, and PostgreSQL is a little far away for the API: every ring should be in time. */
  'a quiet day': { apis: 1, workers: 1, run: quietDay },
  /** Everybody at the same few accounts at once, tills that wait for the outcome included. */
  'a busy day': { apis: 2, workers: 2, run: busyDay },
  /** The processes die between any two moments on the wire. */
  crashes: { apis: 2, workers: 2, run: crashes },
  /** Both workers stand still while events come one after the other. */
  'a backlog': { apis: 1, workers: 2, run: backlog },
  /** Rows that nobody rang for. */
  'lost rings': { apis: 1, workers: 1, run: lostRings },
  /** A worker holds an account and does not let go. */
  'a held account': { apis: 1, workers: 1, run: heldAccount },
  /** An account that the rules can't be applied to, among others. */
  'a poisoned account': { apis: 1, workers: 1, run: poisonedAccount },
  /** PostgreSQL ends connections that nobody is using. */
  'idle connections end': { apis: 1, workers: 1, run: idleConnectionsEnd },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

async function quietDay(rig: Rig): Promise<Broken> {
  const customers = await createCustomers(rig, 12);
  await rig.apis[0]?.postgres.turn({ mode: 'latency', ms: 60 });
  const history = newHistory();
  for (let round = 0; round < 4; round++) {
    // One after the other, so that no ring makes good what became of another.
    for (const customer of customers) await postEarn(rig, history, customer);
  }
  await rig.heal();
  const { broken, apply_ms } = await judge(rig, history, { drain_ms: DRAIN_MS });
  if (apply_ms.p50 < SWEPT_AFTER_MS) return broken;
  return {
    ...broken,
    rings: [`half of all transactions waited ${apply_ms.p50} ms or longer: their rings came to nothing`],
  };
}

async function busyDay(rig: Rig): Promise<Broken> {
  const customers = await createCustomers(rig, 6);
  const { history, stop } = startTills(rig, { tills: 12, customers, pause_ms: 0, waiting: 0.4 });
  await lasting(5_000);
  await stop();
  const { broken } = await judge(rig, history, { drain_ms: DRAIN_MS });
  const { rows } = await rig.db.raw('select deadlocks from pg_stat_database where datname = current_database()');
  const deadlocks = Number(rows[0].deadlocks);
  return deadlocks === 0 ? broken : { ...broken, deadlocks: [`${deadlocks} deadlocks`] };
}

async function crashes(rig: Rig): Promise<Broken> {
  const customers = await createCustomers(rig, 10);
  const { history, stop } = startTills(rig, { tills: 6, customers, pause_ms: 20 });
  for (const [name, moment] of Object.entries(MOMENTS)) {
    const members = name.startsWith('api') ? rig.apis : rig.workers;
    for (const member of members) await crash(member, moment);
    await Promise.all(members.map((member) => member.ready()));
  }
  await stop();
  return (await judge(rig, history, { drain_ms: DRAIN_MS })).broken;
}

async function backlog(rig: Rig): Promise<Broken> {
  const customers = await createCustomers(rig, 2);
  for (const worker of rig.workers) worker.signal('SIGSTOP');
  const history = newHistory();
  try {
    for (let count = 0; count < 30; count++) await postEarn(rig, history, customers[count % 2] as string);
  } finally {
    await rig.heal();
  }
  return (await judge(rig, history, { drain_ms: DRAIN_MS })).broken;
}

async function lostRings(rig: Rig): Promise<Broken> {
  await acceptUnheard(rig, await createCustomers(rig, 5));
  return (await judge(rig, newHistory(), { drain_ms: DRAIN_MS })).broken;
}

/** A bonus for each, by the code that accepts, and with nobody to ring. */
function acceptUnheard(rig: Rig, customers: string[]): Promise<unknown> {
  const transactions = customers.map((customer_id) => ({
    ...{ id: randomUUID(), customer_id, idempotency_key: randomUUID(), fingerprint: Buffer.alloc(32), type: 'earn' },
    ...{ points: 5, amount_minor: null, currency: null, order_id: null, source: null, external_reference: null },
    ...{ description: null, occurred_at: null, terms: null, accepted_from: 'rig' },
  }));
  return acceptTransactions(rig.db, transactions);
}

async function heldAccount(rig: Rig): Promise<Broken> {
  const [customer] = (await createCustomers(rig, 1)) as [string];
  const history: History = newHistory();
  const [worker] = rig.workers as [Rig['workers'][number]];
  const { caught } = worker.postgres.catch(MOMENTS['worker before commit']);
  await postEarn(rig, history, customer);
  const held = await caught;
  // Accepting asks nothing of whoever applies: the promise comes while the account is held, which it is for 3 s.
  await postEarn(rig, history, customer);
  const { rows } = await rig.db.raw(
    "select from pg_stat_activity where application_name = 'worker' and state = 'idle in transaction'",
  );
  held?.release();
  const { broken } = await judge(rig, history, { drain_ms: DRAIN_MS });
  return rows.length === 1 ? broken : { ...broken, waits: ['accepting waited for whoever held the account'] };
}

async function poisonedAccount(rig: Rig): Promise<Broken> {
  const customers = await createCustomers(rig, 12);
  const [poisoned] = customers as [string];
  await rig
    .db('loyalty_accounts')
    .where('customer_id', poisoned)
    .update({ state: JSON.stringify({ lots: 5 }) });
  // Found by the sweep, all in one round.
  await acceptUnheard(rig, customers);
  return (await judge(rig, newHistory(), { drain_ms: DRAIN_MS, except: [poisoned] })).broken;
}

async function idleConnectionsEnd(rig: Rig): Promise<Broken> {
  const customers = await createCustomers(rig, 3);
  const history = newHistory();
  for (let round = 0; round < 3; round++) {
    for (const customer of customers) await postEarn(rig, history, customer);
    await rig.db.raw(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle' and application_name <> 'oracle'",
    );
    // Whoever is ended by that is started again, and found out.
    await until(() => rig.members.every((member) => member.isReady()), { timeout_ms: 30_000 });
  }
  return (await judge(rig, history, { drain_ms: DRAIN_MS })).broken;
}
