// The tables `processes` and `activity`: who lives and what they did lately, for people who watch. Nothing else reads
// them, and a row that is missing misses nobody.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Database, plainArray, rows } from './connect.ts';

/** Seconds of a slot: what a figure is added to. */
const SLOT_S = 10;
const KEPT_H = 24;
const FORGET_EVERY_MS = 600_000;

/** What one process did since it last told. */
export interface Activity {
  accepted: number;
  applied: number;
  rejected: number;
  swept: number;
  /** Decided transactions by bucket of latency, not cumulative. */
  latency: number[];
}

export interface Process {
  id: string;
  service: string;
  version: string;
  host: string;
  pid: number;
}

export interface ActivityReport {
  /** Says that this process lives, and adds what it did to the slot of now. @throws what PostgreSQL throws */
  tell(done: Activity): Promise<void>;
  /** An orderly end: nobody looks for the process any longer. */
  leave(): Promise<void>;
}

/** The reports of this very process. */
export function activityOf(db: Database, service: string, version: string): ActivityReport {
  const self = { id: randomUUID(), service, version, host: hostname(), pid: process.pid };
  let forgetAt = 0;
  return {
    tell: async (done) => {
      await record(db, self, done);
      if (Date.now() < forgetAt) return;
      forgetAt = Date.now() + FORGET_EVERY_MS;
      await forgetOld(db);
    },
    leave: async () => {
      await rows(db, 'delete from processes where id = ?', [self.id]);
    },
  };
}

function record(db: Database, self: Process, done: Activity): Promise<void> {
  const { id, service, version, host, pid } = self;
  const { accepted, applied, rejected, swept, latency } = done;
  return db.transaction(async (tx) => {
    await rows(
      tx,
      `insert into processes (id, service, version, host, pid) values (?, ?, ?, ?, ?)
           on conflict (id) do update set seen_at = excluded.seen_at`,
      [id, service, version, host, pid],
    );
    if (accepted + applied + rejected === 0) return;
    await rows(
      tx,
      `insert into activity as a (slot, process_id, accepted, applied, rejected, swept, latency)
       values (date_bin('${SLOT_S} seconds', clock_timestamp(), 'epoch'), ?, ?, ?, ?, ?, ?::int[])
           on conflict (slot, process_id) do update
          set accepted = a.accepted + excluded.accepted, applied = a.applied + excluded.applied,
              rejected = a.rejected + excluded.rejected, swept = a.swept + excluded.swept,
              latency = array(select old + new from unnest(a.latency, excluded.latency) with ordinality as b (old, new, n) order by n)`,
      [id, accepted, applied, rejected, swept, plainArray(latency)],
    );
  });
}

/** What nobody will look at again. */
async function forgetOld(db: Database): Promise<void> {
  const old = `clock_timestamp() - interval '${KEPT_H} hours'`;
  await rows(db, `delete from activity where slot < ${old}`);
  await rows(db, `delete from processes where seen_at < ${old}`);
}

export interface LivingProcess extends Process {
  started_at: string;
  seen_at: string;
  /** Since it last told, by the database's clock. */
  silent_s: number;
}

export function listProcesses(db: Database): Promise<LivingProcess[]> {
  return rows<LivingProcess>(
    db,
    `select id, service, version, host, pid, started_at, seen_at,
            extract(epoch from clock_timestamp() - seen_at)::float8 as silent_s
       from processes order by service, started_at, id`,
  );
}

export interface ActivityStep extends Activity {
  /** When the step began. */
  at: string;
}

/** What all processes did in the last `minutes`, in steps of `step_s`, the oldest first; steps without any are left out. */
export function readActivity(
  db: Database,
  { minutes, step_s }: { minutes: number; step_s: number },
): Promise<ActivityStep[]> {
  return rows<ActivityStep>(
    db,
    `with steps as (
       select date_bin(? * interval '1 second', slot, 'epoch') as at, *
         from activity where slot > statement_timestamp() - ? * interval '1 minute'),
     buckets as (
       select at, n, sum(b)::int as b from steps, unnest(latency) with ordinality as l (b, n) group by at, n),
     latencies as (select at, array_agg(b order by n) as latency from buckets group by at)
     select at, sum(accepted)::int as accepted, sum(applied)::int as applied, sum(rejected)::int as rejected,
            sum(swept)::int as swept, l.latency
       from steps join latencies l using (at) group by at, l.latency order by at`,
    [step_s, minutes],
  );
}
