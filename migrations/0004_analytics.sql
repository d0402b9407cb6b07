-- Analytics that need not read the ledger: what a transaction changes is written beside it, in the same transaction.

-- A figure is a number a day and a part. Parts are tiers, but for `customers_by_status` (a status) and `buyers`.
-- Figures that are not of a day (how many customers there are) have the day -infinity.
--
-- buyers: customers whose purchases of that day come next after those of the day `part` ('' for their first). Whoever
-- bought between two days did it once for the first time, so the rows with `part` before the first day count everybody
-- once, whatever the two days are. `buyers_by_month` is the same with `part` cut to its month, made by the fold.
create table analytics_counts (
  figure text not null,
  part   text collate "C" not null,
  day    date not null,
  value  bigint not null,
  primary key (figure, part, day)
);
-- What has not been folded into analytics_counts yet: only ever added to, so that nobody waits for anybody.
create table analytics_deltas (
  figure text not null,
  part   text collate "C" not null,
  day    date not null,
  value  bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

create function utc_day(at timestamptz) returns date language sql immutable parallel safe as $$
  select (at at time zone 'UTC')::date
$$;

-- The tier after each decision: what the tier was then must not depend on what the rules are now.
alter table loyalty_transactions add column tier_after text;
alter table loyalty_transactions disable trigger user;
with sums as (
  select id,
         sum(case when status <> 'applied' then 0 when type in ('earn', 'transfer_in') then amount_minor
                  when type = 'transfer_out' then -amount_minor end) over so_far as spent,
         sum(case when status <> 'applied' then 0 when type = 'transfer_in' then visits when type = 'transfer_out' then -visits
                  when type = 'earn' and amount_minor is not null then 1 end) over so_far as visits
    from loyalty_transactions where status <> 'pending'
  window so_far as (partition by customer_id order by sequence)
)
update loyalty_transactions t
   set tier_after = case when spent >= 1000000 or s.visits >= 100 then 'diamond'
                         when spent >= 500000 or s.visits >= 50 then 'platinum'
                         when spent >= 200000 or s.visits >= 25 then 'gold'
                         when spent >= 50000 or s.visits >= 10 then 'silver' else 'bronze' end
  from sums s where s.id = t.id;
alter table loyalty_transactions enable trigger user;
alter table loyalty_transactions
  add constraint loyalty_transactions_tier_after check ((status = 'pending') = (tier_after is null));

-- For a worker of the version before, while both are running.
create function fill_tier_after() returns trigger language plpgsql as $$
begin
  select tier into new.tier_after from loyalty_accounts where customer_id = new.customer_id;
  return new;
end $$;
create trigger loyalty_transactions_fill_tier_after
  before update on loyalty_transactions for each row
  when (new.status <> 'pending' and new.tier_after is null) execute function fill_tier_after();

-- On which days a customer was here: purchases, and what else counts as being here. Each row is in one of the two.
create index loyalty_transactions_purchases on loyalty_transactions (customer_id, occurred_at)
  where status = 'applied' and type = 'earn' and amount_minor is not null;
create index loyalty_transactions_other_visits on loyalty_transactions (customer_id, occurred_at)
  where status = 'applied' and (type = 'earn' and amount_minor is null or type = 'redeem');
drop index loyalty_transactions_occurred;

-- Counts the rows of one statement that decided them. Their accounts are locked, so nobody else decides for these
-- customers meanwhile; what was decided before has a lower sequence, or is of a customer merged into this one.
create function count_decided() returns trigger language plpgsql as $$
begin
  -- An erasure takes texts out of decided rows, and moves nothing.
  if not exists (select from old_rows where status = 'pending') then return null; end if;
  insert into analytics_deltas (figure, part, day, value)
  with moved as materialized (
    select customer_id, sequence, type, points, tier_after, utc_day(occurred_at) as day,
           case when type = 'earn' then amount_minor end as bought
      from new_rows where status = 'applied' and type not in ('transfer_in', 'transfer_out')
  ), firsts as materialized (
    select customer_id, day, tier_after, bought, first_sequence, (day + 1)::timestamp at time zone 'UTC' as day_end,
           customer_id || array(select id from customers where merged_into = customer_id) as records
      from (select customer_id, day, tier_after, bool_or(bought is not null) over same_day as bought,
                   min(sequence) over (partition by customer_id) as first_sequence,
                   row_number() over (same_day order by sequence) as place
              from moved where type in ('earn', 'redeem')
            window same_day as (partition by customer_id, day)) as rows
     where place = 1
  ), known as materialized (
    select f.*,
           (select utc_day(max(at)) from unnest(records) as record cross join lateral (
              select occurred_at as at from loyalty_transactions
               where customer_id = record and status = 'applied' and type = 'earn' and amount_minor is not null
                 and occurred_at < day_end and (record <> f.customer_id or sequence < first_sequence)
               order by occurred_at desc limit 1) as last) as bought_last,
           (select utc_day(max(at)) from unnest(records) as record cross join lateral (
              select occurred_at as at from loyalty_transactions
               where customer_id = record and status = 'applied' and (type = 'earn' and amount_minor is null or type = 'redeem')
                 and occurred_at < day_end and (record <> f.customer_id or sequence < first_sequence)
               order by occurred_at desc limit 1) as last) as here_last
      from firsts f
  ), fresh as materialized (
    select customer_id, day, bought_last,
           (select utc_day(min(at)) from unnest(records) as record cross join lateral (
              select occurred_at as at from loyalty_transactions
               where customer_id = record and status = 'applied' and type = 'earn' and amount_minor is not null
                 and occurred_at >= day_end and (record <> k.customer_id or sequence < first_sequence)
               order by occurred_at limit 1) as next) as bought_next
      from known k where bought and bought_last is distinct from day
  ), links as (
    select day, greatest(bought_last, lag(day) over mine) as before, bought_last, bought_next,
           bought_next < coalesce(lead(day) over mine, 'infinity') as is_last_before_next
      from fresh window mine as (partition by customer_id order by day)
  )
  select figure, tier_after, day, value
    from (select tier_after, day,
                 sum(points) filter (where type = 'earn') as earned, sum(points) filter (where type = 'redeem') as redeemed,
                 sum(points) filter (where type = 'expire') as expired, sum(bought) as spent, count(bought) as visits
            from moved group by tier_after, day) as sums
    cross join lateral (values ('points_earned', earned), ('points_redeemed', redeemed), ('points_expired', expired),
                               ('spend', spent), ('visits', visits)) as sum (figure, value)
   where value <> 0
  union all
  select 'active_customers', tier_after, day, count(*) from known
   where bought_last is distinct from day and here_last is distinct from day group by tier_after, day
  union all
  select 'buyers', coalesce(to_char(part, 'YYYY-MM-DD'), ''), link.day, sum(value)
    from links cross join lateral (values (1, before, day), (1, day, bought_next),
                                          (-1, bought_last, bought_next)) as link (value, part, day)
   where link.day = links.day or is_last_before_next
   group by part, link.day;
  return null;
end $$;
create trigger loyalty_transactions_count_decided
  after update on loyalty_transactions referencing old table as old_rows new table as new_rows
  for each statement execute function count_decided();

-- A merged customer is counted once: on days on which both were here, and among the buyers of a period.
-- Fires while those merged into the source before still say so, and nothing can be decided for either.
create function count_merged() returns trigger language plpgsql as $$
begin
  insert into analytics_deltas (figure, part, day, value)
  with records as (
    select id, id = new.id or merged_into = new.id as of_source
      from customers where id in (new.id, new.merged_into) or merged_into in (new.id, new.merged_into)
  ), here as materialized (
    select of_source, utc_day(occurred_at) as day, min(position) as position, bool_or(type = 'earn' and amount_minor is not null) as bought
      from loyalty_transactions join records on records.id = customer_id
     where status = 'applied' and type in ('earn', 'redeem') group by 1, 2
  ), links as (
    select -1 as value, day, lag(day) over (partition by of_source order by day) as before from here where bought
    union all
    select 1, day, lag(day) over (order by day) from (select distinct day from here where bought) as both_days
  )
  select 'active_customers', tier_after, day, -1
    from (select max(position) as position, day from here group by day having count(*) = 2) as later
    join loyalty_transactions using (position)
  union all
  select 'buyers', coalesce(to_char(before, 'YYYY-MM-DD'), ''), day, sum(value) from links
   group by before, day having sum(value) <> 0;
  return null;
end $$;
create trigger customers_count_merged
  after update on customers for each row
  when (old.merged_into is null and new.merged_into is not null) execute function count_merged();

create function count_new_customers() returns trigger language plpgsql as $$
begin
  insert into analytics_deltas (figure, part, day, value)
  select 'customers_by_status', status, '-infinity'::date, count(*) from new_rows
   where erased_at is null and merged_into is null group by status
  union all
  select 'new_customers', 'bronze', utc_day(created_at), count(*) from new_rows
   where erased_at is null and merged_into is null group by 3;
  return null;
end $$;
create trigger customers_count_new
  after insert on customers referencing new table as new_rows
  for each statement execute function count_new_customers();

create function count_changed_customer() returns trigger language plpgsql as $$
begin
  insert into analytics_deltas (figure, part, day, value)
  select figure, part, day, sum(value)
    from (values (-1, old.status, old.created_at, old.erased_at, old.merged_into),
                 (1, new.status, new.created_at, new.erased_at, new.merged_into))
           as side (value, status, created_at, erased_at, merged_into)
    cross join lateral (values ('customers_by_status', status, '-infinity'::date),
                               ('new_customers', 'bronze', utc_day(created_at))) as counted (figure, part, day)
   where erased_at is null and merged_into is null
   group by figure, part, day having sum(value) <> 0;
  return null;
end $$;
create trigger customers_count_changed
  after update on customers for each row
  when ((old.status, old.created_at, old.erased_at is null, old.merged_into is null)
        is distinct from (new.status, new.created_at, new.erased_at is null, new.merged_into is null))
  execute function count_changed_customer();

create function count_new_accounts() returns trigger language plpgsql as $$
begin
  insert into analytics_deltas (figure, part, day, value)
  select 'customers_by_tier', tier, '-infinity'::date, count(*) from new_rows where closed_at is null group by tier;
  return null;
end $$;
create trigger loyalty_accounts_count_new
  after insert on loyalty_accounts referencing new table as new_rows
  for each statement execute function count_new_accounts();

create function count_changed_account() returns trigger language plpgsql as $$
begin
  insert into analytics_deltas (figure, part, day, value)
  select 'customers_by_tier', tier, '-infinity'::date, value
    from (values (-1, old.tier, old.closed_at), (1, new.tier, new.closed_at)) as side (value, tier, closed_at)
   where closed_at is null;
  return null;
end $$;
create trigger loyalty_accounts_count_changed
  after update on loyalty_accounts for each row
  when (old.tier <> new.tier or (old.closed_at is null) <> (new.closed_at is null))
  execute function count_changed_account();

-- The same figures, counted anew from the tables: for the audit, and to begin with.
create view analytics_recount as
  with moved as (
    select t.id, coalesce(c.merged_into, c.id) as customer_id, t.position, t.type, t.points, t.tier_after,
           case when t.type = 'earn' then t.amount_minor end as bought, utc_day(t.occurred_at) as day
      from loyalty_transactions t join customers c on c.id = t.customer_id where t.status = 'applied'
  )
  select figure, tier_after as part, day, sum(value)::bigint as value
    from moved cross join lateral (values
      (case type when 'earn' then 'points_earned' when 'redeem' then 'points_redeemed' when 'expire' then 'points_expired' end, points),
      ('spend', bought), ('visits', case when bought is not null then 1 end)) as each (figure, value)
   where figure is not null and value <> 0 group by figure, tier_after, day
  union all
  select 'active_customers', tier_after, day, count(*)
    from (select distinct on (customer_id, day) day, tier_after from moved where type in ('earn', 'redeem')
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

-- For whoever filled the tables past the triggers. Nothing else may write meanwhile.
create function rebuild_analytics() returns void language sql as $$
  lock table customers, loyalty_accounts, loyalty_transactions, analytics_deltas, analytics_counts in share row exclusive mode;
  delete from analytics_deltas;
  delete from analytics_counts;
  insert into analytics_counts (figure, part, day, value) select figure, part, day, value from analytics_recount;
  insert into analytics_counts (figure, part, day, value)
    select 'buyers_by_month', left(part, 7), day, sum(value) from analytics_counts
     where figure = 'buyers' group by left(part, 7), day;
$$;
select rebuild_analytics();
