-- What happened, for other systems: written beside each change in its own SQL transaction (the outbox), numbered and
-- made readable in one order by the publisher.

-- A row is what one SQL transaction has to tell, in order: the arrays belong together, an element of each an event.
-- Whoever changes a customer or decides its ledger holds a lock meanwhile, so that the ids of one customer's rows are in
-- the order of the commits.
create table outbox (
  id           bigint generated always as identity primary key,
  types        text[] not null,
  customers    uuid[] not null,
  -- Lines of the ledger, whose events have no data of their own.
  transactions uuid[] not null,
  -- Null: none of them has any.
  data         jsonb[],
  at           timestamptz not null default ledger_now(),
  check (cardinality(types) > 0 and cardinality(types) = cardinality(customers) and cardinality(types) = cardinality(transactions)
    and (data is null or cardinality(types) = cardinality(data)))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- Ids do not compress.
alter table outbox alter column customers set storage external, alter column transactions set storage external;

create table events (
  -- UUIDv7, ever increasing: the order of the feed.
  id             uuid primary key,
  type           text not null,
  customer_id    uuid not null,
  -- 1, 2, 3 … of this customer, without a gap.
  sequence       bigint not null,
  -- The line of the ledger it tells of: that never changes, and is read when the event is.
  transaction_id uuid,
  -- Of an event that is of no line. Never a word about a person.
  data           jsonb,
  at             timestamptz not null,
  unique (customer_id, sequence),
  check ((transaction_id is null) <> (data is null))
);
-- All but the most frequent type are far between.
create index events_type on events (type, id) where type <> 'loyalty.transaction.applied';

create table event_sequences (
  customer_id uuid primary key,
  sequence    bigint not null
) with (fillfactor = 80);

-- Takes rows of the outbox with about `most` events and makes events of them; returns how many. One at a time: an answer
-- of 0 may also mean that another one is at it. The lock outlives the commit, so that no event appears before one that a
-- reader has seen. Who delivers events elsewhere does it by a trigger `after insert on events referencing new table`.
create function publish_events(most integer) returns bigint language plpgsql as $$
declare
  base_ms bigint;
  published bigint;
begin
  if not pg_try_advisory_xact_lock(hashtext('customer-service events')) then return 0; end if;
  if not exists (select from outbox) then return 0; end if;
  -- The clock may go back, and the order must not.
  select greatest(floor(extract(epoch from clock_timestamp()) * 1000),
                  1 + ('x' || left(replace(max(newest.id::text), '-', ''), 12))::bit(48)::bigint) into base_ms
    from (select id from events order by id desc limit 1) as newest;
  with waiting as (
    select id, cardinality(types) as events from outbox order by id limit most
  ), taken as (
    delete from outbox where id in (
      select id from (select id, events, sum(events) over (order by id) as up_to from waiting) as counted
       where up_to - events < most)
    returning *
  ), numbered as materialized (
    select row_number() over (order by taken.id, event.place) - 1 as n,
           row_number() over (partition by event.customer_id order by taken.id, event.place) as own, taken.at, event.*
      from taken cross join lateral unnest(types, customers, transactions, data)
        with ordinality as event (type, customer_id, transaction_id, data, place)
  ), sequences as (
    insert into event_sequences as s (customer_id, sequence)
    select customer_id, count(*) from numbered group by customer_id
        on conflict (customer_id) do update set sequence = s.sequence + excluded.sequence
    returning customer_id, sequence
  ), counts as (
    select customer_id, max(own) as own from numbered group by customer_id
  )
  insert into events (id, type, customer_id, sequence, transaction_id, data, at)
  select (lpad(to_hex(base_ms + n / 4096), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
            || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid,
         type, customer_id, sequences.sequence - counts.own + numbered.own, transaction_id, data, at
    from numbered join sequences using (customer_id) join counts using (customer_id)
   order by n;
  get diagnostics published = row_count;
  return published;
end $$;

-- How far the upkeep of events has come; one row.
create table event_upkeep (
  id             boolean primary key default true check (id),
  -- The newest event that was deleted: whoever read no further than before it has missed something.
  deleted_to     uuid,
  -- Every customer was told what lapses within so many days of this day, or a day before.
  announced_on   date not null default utc_day(ledger_now()),
  -- The round under way: its day, and the last customer it looked at.
  announcing_on  date,
  announced_to   uuid,
  check ((announcing_on is null) = (announced_to is null))
);
insert into event_upkeep default values;

-- Announces points that will lapse, a page of at most `most` accounts at a time; returns how many it looked at, 0 when the
-- day's round is over. A round goes through all accounts once a day. It tells of each end of a lot that is 30, 7 or 1 days
-- away on that day (or was, on a day without a round; then the nearest counts), so each is announced once without anybody
-- keeping count. An account's first end is not before `settles_at`, which spares the look at most.
create function announce_expiring(most integer) returns bigint language plpgsql as $$
declare
  progress event_upkeep;
  looked bigint;
  last_id uuid;
begin
  if not pg_try_advisory_xact_lock(hashtext('customer-service announcements')) then return 0; end if;
  select * into progress from event_upkeep;
  if progress.announcing_on is null then
    if utc_day(ledger_now()) <= progress.announced_on then return 0; end if;
    progress.announcing_on := utc_day(ledger_now());
    progress.announced_to := '00000000-0000-0000-0000-000000000000';
  end if;
  with page as materialized (
    select customer_id, settles_at, closed_at, state from loyalty_accounts
     where customer_id > progress.announced_to order by customer_id limit most
  ), ending as (
    select customer_id, ends_at, sum(points) as points
      from (select customer_id, (lot ->> 'points')::bigint as points,
                   coalesce((lot ->> 'expires_at')::timestamptz,
                     (state ->> 'active_at')::timestamptz + (lot ->> 'inactivity_days')::integer * interval '24 hours') as ends_at
              from page cross join lateral jsonb_array_elements(state -> 'lots') as lot
             where closed_at is null and settles_at < (progress.announcing_on + 31)::timestamp at time zone 'UTC') as lots
     where ends_at > ledger_now() group by customer_id, ends_at
  ), told as (
    select customer_id, ends_at, points, min(days) as days
      from ending cross join unnest(array[30, 7, 1]) as days
     where utc_day(ends_at) - days between progress.announced_on + 1 and progress.announcing_on
     group by customer_id, ends_at, points
  ), written as (
    insert into outbox (types, customers, transactions, data)
    select array_agg('loyalty.points.expiring'::text), array_agg(customer_id order by customer_id, ends_at), array_agg(null::uuid),
           array_agg(jsonb_build_object('customer_id', customer_id, 'points', points, 'days', days,
             'expires_at', to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by customer_id, ends_at)
      from told having count(*) > 0
  )
  select count(*), max(customer_id::text)::uuid into looked, last_id from page;
  if looked < most then
    update event_upkeep set announced_on = progress.announcing_on, announcing_on = null, announced_to = null;
    return 0;
  end if;
  update event_upkeep set announcing_on = progress.announcing_on, announced_to = last_id;
  return looked;
end $$;
