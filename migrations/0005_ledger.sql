-- Lots, holds, reversals, adjustments, programmes as data, tiers with periods, and the proof of all that.

-- Moves the service's clock, for tests and integrators; empty, as in production, it is the database's own.
create table test_clock (
  id          boolean primary key default true check (id),
  ahead_by    interval not null
);
create function ledger_now() returns timestamptz language sql volatile as $$
  select clock_timestamp() + coalesce((select ahead_by from test_clock), interval '0')
$$;

alter table loyalty_accounts
  add column points_held              bigint not null default 0 check (points_held >= 0),
  add column lifetime_points_expired  bigint not null default 0,
  add column lifetime_points_adjusted bigint not null default 0,
  -- When something lapses by itself next: a lot, a hold, the period of a tier.
  add column settles_at               timestamptz,
  -- What the rules remember besides (domain/loyalty.ts: AccountState): lots, holds, debt, activity by month.
  add column state                    jsonb not null default '{}',
  -- Of the last line of the ledger: each line's hash covers the one before.
  add column ledger_hash              bytea,
  drop constraint loyalty_accounts_points_balance_check,
  drop constraint loyalty_accounts_check,
  add constraint loyalty_accounts_never_negative_unless_by_refunds check (
    points_balance >= 0 or coalesce((state ->> 'deficit')::bigint, 0) > 0),
  add constraint loyalty_accounts_balance_is_the_sum check (
    points_balance = lifetime_points_earned - lifetime_points_redeemed - lifetime_points_expired + lifetime_points_adjusted);
-- What was earned before there were lots never lapses, and was all under the first version of the programme.
update loyalty_accounts
   set state = jsonb_build_object('programme_version', 1, 'lots', case
         when points_balance = 0 then '[]'
         else jsonb_build_array(jsonb_build_object('points', points_balance, 'expires_at', null)) end)
 where sequence > 0;
create index loyalty_accounts_settle on loyalty_accounts (settles_at) where settles_at is not null;

alter table loyalty_transactions
  -- What a request says beyond the columns, and why the line is what it is (domain/loyalty.ts).
  add column terms       jsonb,
  -- Not jsonb: the hash covers every character of it.
  add column explanation json,
  add column hash        bytea,
  drop constraint loyalty_transactions_type_check,
  add constraint loyalty_transactions_type_check check (type in (
    'earn', 'redeem', 'hold', 'capture', 'release', 'reverse_earn', 'reverse_redeem', 'adjust_credit', 'adjust_debit',
    'expire', 'repay', 'transfer_in', 'transfer_out')),
  drop constraint loyalty_transactions_status_check,
  add constraint loyalty_transactions_status_check check (status in ('pending', 'parked', 'applied', 'rejected')),
  drop constraint loyalty_transactions_check,
  add constraint loyalty_transactions_says_how_much check (
    points is not null or amount_minor is not null
    or type in ('capture', 'release', 'reverse_earn', 'reverse_redeem')),
  drop constraint loyalty_transactions_check2,
  add constraint loyalty_transactions_sequence_when_decided check (
    (status in ('pending', 'parked')) = (sequence is null)),
  drop constraint loyalty_transactions_check3,
  add constraint loyalty_transactions_applied_at_when_decided check (
    (status in ('pending', 'parked')) = (applied_at is null)),
  drop constraint loyalty_transactions_check5,
  add constraint loyalty_transactions_whole_when_decided check (
    status in ('pending', 'parked') or (points is not null and balance_after is not null));
create index loyalty_transactions_parked on loyalty_transactions (customer_id, position) where status = 'parked';
-- Nobody looks a row up by its position alone: an index less for each write.
alter table loyalty_transactions drop constraint loyalty_transactions_position_key;
-- How much of a transaction was taken back before.
create index loyalty_transactions_reversals on loyalty_transactions ((explanation #>> '{reversed,id}'))
  where type in ('reverse_earn', 'reverse_redeem');

-- As before, and a row may be parked once before it is decided; lines that the ledger adds by itself are born applied.
drop trigger loyalty_transactions_decided_once on loyalty_transactions;
create trigger loyalty_transactions_decided_once
  before update on loyalty_transactions for each row
  when (not (
    ((old.status = 'pending' and new.status in ('applied', 'rejected', 'parked'))
      or (old.status = 'parked' and new.status in ('applied', 'rejected')))
    and (old.points is null or new.points = old.points)
    and (new.id, new.position, new.customer_id, new.idempotency_key, new.fingerprint, new.type, new.amount_minor,
         new.currency, new.order_id, new.source, new.external_reference, new.description, new.accepted_from,
         new.occurred_at, new.accepted_at, new.terms)
      is not distinct from
        (old.id, old.position, old.customer_id, old.idempotency_key, old.fingerprint, old.type, old.amount_minor,
         old.currency, old.order_id, old.source, old.external_reference, old.description, old.accepted_from,
         old.occurred_at, old.accepted_at, old.terms)))
  execute function refuse_ledger_change();
drop trigger loyalty_transactions_born_pending on loyalty_transactions;
create trigger loyalty_transactions_born_pending
  before insert on loyalty_transactions for each row
  when (new.status <> 'pending'
    and not (new.status = 'applied' and new.type in ('expire', 'repay', 'release') and new.accepted_from = 'ledger'))
  execute function refuse_ledger_change();

-- Every move of a customer between tiers, append-only like the ledger.
create table loyalty_tier_changes (
  id          bigint generated always as identity primary key,
  customer_id uuid not null references loyalty_accounts (customer_id),
  -- Of the line of the ledger before it.
  sequence    bigint not null,
  at          timestamptz not null,
  from_tier   text not null,
  to_tier     text not null,
  reason      text not null check (reason in ('activity', 'reversal', 'period', 'programme', 'merge'))
);
create index loyalty_tier_changes_customer on loyalty_tier_changes (customer_id, id);
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % was refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
create trigger loyalty_tier_changes_append_only
  before update or delete on loyalty_tier_changes for each row execute function refuse_change();
create trigger loyalty_tier_changes_never_truncated
  before truncate on loyalty_tier_changes for each statement execute function refuse_change();

-- Versions of the programme after the first, which is in the code (domain/programme.ts). Whoever applies reads this
-- table; whoever writes it locks it against them, so that no transaction is decided under a version that is just ending.
create table loyalty_programmes (
  version        integer primary key check (version > 1),
  effective_from timestamptz not null unique,
  rules          jsonb not null,
  created_at     timestamptz not null default clock_timestamp(),
  created_by     text not null,
  -- How far the worker has come in looking at everybody's tier under this version.
  requalified_to uuid,
  requalified_at timestamptz
);

-- Adjustments that need a second person. Decided once.
create table loyalty_adjustments (
  id              uuid primary key,
  customer_id     uuid not null references loyalty_accounts (customer_id),
  type            text not null check (type in ('adjust_credit', 'adjust_debit')),
  points          bigint not null check (points > 0),
  reason_code     text not null,
  note            text,
  idempotency_key text not null,
  fingerprint     bytea not null,
  status          text not null default 'awaiting_approval' check (status in ('awaiting_approval', 'approved', 'refused')),
  requested_by    text not null,
  requested_at    timestamptz not null default clock_timestamp(),
  decided_by      text,
  decided_at      timestamptz,
  transaction_id  uuid references loyalty_transactions (id),
  unique (customer_id, idempotency_key),
  check ((status = 'awaiting_approval') = (decided_by is null and decided_at is null)),
  check ((status = 'approved') = (transaction_id is not null)),
  check (decided_by is distinct from requested_by)
);
create index loyalty_adjustments_waiting on loyalty_adjustments (requested_at) where status = 'awaiting_approval';

-- Analytics counts what is taken back on the day on which it is taken back, and points moved by hand apart.
create function points_by_figure(type text, points bigint) returns table (figure text, value bigint)
  language sql immutable parallel safe as $$
  select * from (values
    ('points_earned', case type when 'earn' then points when 'reverse_earn' then -points when 'repay' then -points end),
    ('points_redeemed', case type when 'redeem' then points when 'capture' then points when 'reverse_redeem' then -points end),
    ('points_adjusted', case type when 'adjust_credit' then points when 'adjust_debit' then -points end),
    ('points_expired', case type when 'expire' then points end)) as each (figure, value)
   where value <> 0
$$;
create function spend_of(type text, amount_minor bigint, explanation json) returns bigint
  language sql immutable parallel safe as $$
  select case type when 'earn' then amount_minor
                   when 'reverse_earn' then -(explanation #>> '{reversed,amount_minor}')::bigint end
$$;
create function visits_of(type text, amount_minor bigint, explanation json) returns bigint
  language sql immutable parallel safe as $$
  select case type when 'earn' then case when amount_minor is not null then 1 end
                   when 'reverse_earn' then -(explanation #>> '{reversed,visits}')::bigint end
$$;

create or replace function count_decided() returns trigger language plpgsql as $$
begin
  -- An erasure takes texts out of decided rows, and moves nothing.
  if not exists (select from old_rows where status not in ('applied', 'rejected')) then return null; end if;
  insert into analytics_visits (customer_id, position, day, tier, bought)
  select customer_id, position, utc_day(occurred_at), tier_after, type = 'earn' and amount_minor is not null
    from new_rows where status = 'applied' and type in ('earn', 'redeem', 'capture');
  insert into analytics_deltas (figure, part, day, value)
  select each.figure, tier_after, day, sum(each.value)
    from (select type, tier_after, utc_day(occurred_at) as day, sum(points) as points,
                 sum(spend_of(type, amount_minor, explanation)) as spent, sum(visits_of(type, amount_minor, explanation)) as visits
            from new_rows where status = 'applied' group by 1, 2, 3) as sums
    cross join lateral (select * from points_by_figure(type, points::bigint)
                        union all values ('spend', spent::bigint), ('visits', visits::bigint)) as each
   where each.value <> 0 group by each.figure, tier_after, day having sum(each.value) <> 0;
  return null;
end $$;

-- Lines that the ledger adds by itself are born applied.
create or replace function count_expired() returns trigger language plpgsql as $$
begin
  insert into analytics_deltas (figure, part, day, value)
  select figure, new.tier_after, utc_day(new.occurred_at), value from points_by_figure(new.type, new.points);
  return null;
end $$;
drop trigger loyalty_transactions_count_expired on loyalty_transactions;
create trigger loyalty_transactions_count_expired
  after insert on loyalty_transactions for each row
  when (new.status = 'applied' and new.type in ('expire', 'repay') and new.points > 0) execute function count_expired();

create or replace view analytics_recount as
  with moved as (
    select t.id, coalesce(c.merged_into, c.id) as customer_id, t.position, t.type, t.points, t.tier_after,
           case when t.type = 'earn' then t.amount_minor end as bought, utc_day(t.occurred_at) as day,
           spend_of(t.type, t.amount_minor, t.explanation) as spent,
           visits_of(t.type, t.amount_minor, t.explanation) as visits
      from loyalty_transactions t join customers c on c.id = t.customer_id where t.status = 'applied'
  )
  select each.figure, tier_after as part, day, sum(each.value)::bigint as value
    from moved cross join lateral (select * from points_by_figure(type, points)
                                   union all values ('spend', spent), ('visits', visits)) as each
   where each.value <> 0 group by each.figure, tier_after, day having sum(each.value) <> 0
  union all
  select 'active_customers', tier_after, day, count(*)
    from (select distinct on (customer_id, day) day, tier_after from moved where type in ('earn', 'redeem', 'capture')
           order by customer_id, day, position) as first_of_day
   group by tier_after, day
  union all
  select 'buyers', coalesce(to_char(before, 'YYYY-MM-DD'), ''), day, count(*)
    from (select day, lag(day) over (partition by customer_id order by day) as before
            from (select distinct customer_id, day from moved where bought is not null) as bought_days) as links
   group by before, day
  union all
  select figure, part, day, count(*)
    from customers cross join lateral (values ('customers_by_status', status, '-infinity'::date),
                                              ('new_customers', 'bronze', utc_day(created_at))) as counted (figure, part, day)
   where erased_at is null and merged_into is null group by figure, part, day
  union all
  select 'customers_by_tier', tier, '-infinity'::date, count(*) from loyalty_accounts where closed_at is null group by tier;

-- A capture is an activity like any other.
create or replace function count_merged() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('customer-service analytics'));
  with records as (
    select id, new.id in (id, coalesce(merged_into, id)) as of_source
      from customers where id in (new.id, new.merged_into) or merged_into in (new.id, new.merged_into)
  ), known as materialized (
    select customer_id = new.id as of_source, bought_days, other_days
      from analytics_customers where customer_id in (new.id, new.merged_into)
  ), here as materialized (
    select of_source, utc_day(occurred_at) as day, min(position) as position,
           (array_agg(tier_after order by position))[1] as tier, bool_or(type = 'earn' and amount_minor is not null) as bought
      from loyalty_transactions join records on records.id = customer_id
     where status = 'applied' and type in ('earn', 'redeem', 'capture') group by 1, 2
  ), active as (
    select -1 as value, day, tier from here join known using (of_source) where day = any(bought_days || other_days)
    union all
    select 1, day, (array_agg(tier order by position))[1] from here group by day
  ), links as (
    select -1 as value, day, lag(day) over (partition by of_source order by day) as before
      from known cross join lateral unnest(bought_days) as day
    union all
    select 1, day, lag(day) over (order by day) from (select distinct day from here where bought) as both_days
  ), counted as (
    insert into analytics_deltas (figure, part, day, value)
    select 'active_customers', tier, day, sum(value) from active group by tier, day having sum(value) <> 0
    union all
    select 'buyers', coalesce(to_char(before, 'YYYY-MM-DD'), ''), day, sum(value) from links
     group by before, day having sum(value) <> 0
  )
  insert into analytics_customers (customer_id, bought_days, other_days)
  select new.merged_into, coalesce(array_agg(day) filter (where bought), '{}'), coalesce(array_agg(day) filter (where not bought), '{}')
    from (select day, bool_or(bought) as bought from here group by day) as days having count(*) > 0
      on conflict (customer_id) do update set bought_days = excluded.bought_days, other_days = excluded.other_days;
  delete from analytics_customers where customer_id = new.id;
  return null;
end $$;

create or replace function rebuild_analytics() returns void language sql as $$
  lock table customers, loyalty_accounts, loyalty_transactions, analytics_visits, analytics_deltas, analytics_counts in share row exclusive mode;
  delete from analytics_visits;
  delete from analytics_deltas;
  delete from analytics_counts;
  delete from analytics_customers;
  insert into analytics_customers (customer_id, bought_days, other_days)
    select customer_id, coalesce(array_agg(day order by day) filter (where bought), '{}'), coalesce(array_agg(day order by day) filter (where not bought), '{}')
      from (select coalesce(c.merged_into, c.id) as customer_id, utc_day(occurred_at) as day, bool_or(t.type = 'earn' and t.amount_minor is not null) as bought
              from loyalty_transactions t join customers c on c.id = t.customer_id
             where t.status = 'applied' and t.type in ('earn', 'redeem', 'capture') group by 1, 2) as days group by customer_id;
  insert into analytics_counts (figure, part, day, value) select figure, part, day, value from analytics_recount;
  insert into analytics_counts (figure, part, day, value)
    select 'buyers_by_month', left(part, 7), day, sum(value) from analytics_counts
     where figure = 'buyers' group by left(part, 7), day;
$$;
