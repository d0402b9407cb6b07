-- What the ops page shows beyond the ledger itself: which processes live, what they did in the last hours, and when the
-- ledger was last reconciled. Every process adds to it every two seconds; nothing here carries a promise.
create table processes (
  id         uuid primary key,
  service    text not null,
  version    text not null,
  host       text not null,
  pid        integer not null,
  started_at timestamptz not null default clock_timestamp(),
  seen_at    timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

create table activity (
  -- Ten seconds, by its beginning.
  slot       timestamptz not null,
  process_id uuid not null,
  accepted   integer not null,
  applied    integer not null,
  rejected   integer not null,
  -- Of those applied or rejected: found by the sweep, because no ring announced them in time.
  swept      integer not null,
  -- Decided transactions by how long they took: the buckets of the metric transaction_latency_seconds.
  latency    integer[] not null,
  primary key (slot, process_id)
) with (fillfactor = 50);

create table reconciliations (
  id          bigint generated always as identity primary key,
  finished_at timestamptz not null default clock_timestamp(),
  accounts    integer not null,
  differences integer not null,
  duration_ms integer not null,
  -- Role and subject of who asked for it.
  asked_by    text not null
);
