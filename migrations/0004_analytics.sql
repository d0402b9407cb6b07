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
  -- With the value, so that reading a range needs the index only.
  primary key (figure, part, day) include (value)
);
-- What has not been folded into analytics_counts yet: only ever added to, so that nobody waits for anybody.
create table analytics_deltas (
  figure text not null,
  part   text collate "C" not null,
  day    date not null,
  value  bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- Who was here on which day, before it is known whether that is news. Added to by whoever applies, taken by the fold.
create table analytics_visits (
  customer_id uuid not null,
  position    bigint not null,
  day         date not null,
  tier        text not null,
  bought      boolean not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
-- The days on which a customer is known to have been here: days of purchases, and of anything else. No row, no days.
create table analytics_customers (
  customer_id uuid primary key,
  bought_days date[] not null,
  other_days  date[] not null
) with (fillfactor = 80);

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
  add constraint loyalty_transactions_tier_after check (tier_after is not null or status not in ('applied', 'rejected'));

-- For a worker of the version before, while both are running.
create function fill_tier_after() returns trigger language plpgsql as $$
begin
  select tier into new.tier_after from loyalty_accounts where customer_id = new.customer_id;
  return new;
end $$;
create trigger loyalty_transactions_fill_tier_after
  before update on loyalty_transactions for each row
  when (new.status in ('applied', 'rejected') and new.tier_after is null) execute function fill_tier_after();

-- Nobody looks for a day in the ledger any more.
drop index loyalty_transactions_occurred;

-- Counts the rows of one statement that decided them. No row that another one updates is touched here.
create function count_decided() returns trigger language plpgsql as $$
begin
  -- An erasure takes texts out of decided rows, and moves nothing.
  if not exists (select from old_rows where status not in ('applied', 'rejected')) then return null; end if;
  insert into analytics_visits (customer_id, position, day, tier, bought)
  select customer_id, position, utc_day(occurred_at), tier_after, type = 'earn' and amount_minor is not null
    from new_rows where status = 'applied' and type in ('earn', 'redeem');
  insert into analytics_deltas (figure, part, day, value)
  select figure, tier_after, day, value
    from (select tier_after, utc_day(occurred_at) as day,
                 sum(points) filter (where type = 'earn') as earned, sum(points) filter (where type = 'redeem') as redeemed,
                 sum(amount_minor) filter (where type = 'earn') as spent, count(amount_minor) filter (where type = 'earn') as visits
            from new_rows where status = 'applied' group by 1, 2) as sums
    cross join lateral (values ('points_earned', earned), ('points_redeemed', redeemed), ('spend', spent), ('visits', visits)) as each (figure, value)
   where value <> 0;
  return null;
end $$;
create trigger loyalty_transactions_count_decided
  after update on loyalty_transactions referencing old table as old_rows new table as new_rows
  for each statement execute function count_decided();

-- Points that lapse will be lines of their own, written as applied.
create function count_expired() returns trigger language plpgsql as $$
begin
  insert into analytics_deltas (figure, part, day, value)
  values ('points_expired', new.tier_after, utc_day(new.occurred_at), new.points);
  return null;
end $$;
create trigger loyalty_transactions_count_expired
  after insert on loyalty_transactions for each row
  when (new.status = 'applied' and new.type = 'expire' and new.points > 0) execute function count_expired();

-- What the visits given change, beside the days that are known: the same for who folds them and for who reads.
create function visit_changes(given analytics_visits[])
  returns table (figure text, part text, day date, value bigint) language sql stable as $$
  with visits as materialized (
    select coalesce(c.merged_into, c.id) as customer_id, v.day, bool_or(v.bought) as bought,
           (array_agg(v.tier order by v.position))[1] as tier
      from unnest(given) as v join customers c on c.id = v.customer_id group by 1, 2
  ), news as materialized (
    select v.customer_id, v.day, v.tier, coalesce(bought_days, '{}') as bought_days,
           v.day <> all(coalesce(bought_days || other_days, '{}')) as was_away,
           v.bought and v.day <> all(coalesce(bought_days, '{}')) as bought_first
      from visits v left join analytics_customers k on k.customer_id = v.customer_id
  ), buyers as materialized (
    select customer_id, bought_days, array_agg(day) as new_days from news where bought_first group by 1, 2
  ), links as (
    select 1 as value, day, lag(day) over (partition by customer_id order by day) as before
      from buyers cross join lateral unnest(bought_days || new_days) as day
    union all
    select -1, day, lag(day) over (partition by customer_id order by day)
      from buyers cross join lateral unnest(bought_days) as day
  )
  select 'active_customers', tier, day, count(*) from news where was_away group by tier, day
  union all
  select 'buyers', coalesce(to_char(before, 'YYYY-MM-DD'), ''), day, sum(value) from links
   group by before, day having sum(value) <> 0
$$;

-- All figures, to the last committed transaction; sum them up.
create view analytics_figures as
  select figure, part, day, value from analytics_counts
  union all select figure, part, day, value from analytics_deltas
  union all select figure, part, day, value
              from visit_changes((select array_agg(v) from analytics_visits v));

-- Moves up to `most` rows of each kind into analytics_counts; returns how many it took. One at a time: an answer of 0
-- may also mean that another one is at it.
create function fold_analytics(most integer) returns bigint language plpgsql as $$
declare
  folded bigint;
begin
  if not pg_try_advisory_xact_lock(hashtext('customer-service analytics')) then return 0; end if;
  with visits as (
    delete from analytics_visits where ctid = any(array(select ctid from analytics_visits order by position limit most)) returning *
  ), deltas as (
    delete from analytics_deltas where ctid = any(array(select ctid from analytics_deltas limit most)) returning *
  ), changes as materialized (
    select * from deltas
    union all select * from visit_changes((select array_agg((v.customer_id, v.position, v.day, v.tier, v.bought)::analytics_visits) from visits v))
  ), known as (
    insert into analytics_customers as a (customer_id, bought_days, other_days)
    select coalesce(c.merged_into, c.id), coalesce(array_agg(distinct day) filter (where bought), '{}'),
           coalesce(array_agg(distinct day) filter (where not bought), '{}')
      from visits v join customers c on c.id = v.customer_id group by 1
    on conflict (customer_id) do update set
      bought_days = array(select distinct unnest(a.bought_days || excluded.bought_days) order by 1),
      other_days = array(select distinct unnest(a.other_days || excluded.other_days) order by 1)
  ), counted as (
    insert into analytics_counts as a (figure, part, day, value)
    select figure, part, day, sum(value)
      from (select figure, part, day, value from changes
            union all select 'buyers_by_month', left(part, 7), day, value from changes where figure = 'buyers') as all_changes
     group by figure, part, day having sum(value) <> 0
    on conflict (figure, part, day) do update set value = a.value + excluded.value
  )
  select (select count(*) from visits) + (select count(*) from deltas) into folded;
  return folded;
end $$;

-- A merged customer is counted once: on days on which both were here, and among the buyers of a period. Fires while
-- those merged into the source before still say so. Nothing can be decided for either meanwhile, and nothing folded.
create function count_merged() returns trigger language plpgsql as $$
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
     where status = 'applied' and type in ('earn', 'redeem') group by 1, 2
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
  lock table customers, loyalty_accounts, loyalty_transactions, analytics_visits, analytics_deltas, analytics_counts in share row exclusive mode;
  delete from analytics_visits;
  delete from analytics_deltas;
  delete from analytics_counts;
  delete from analytics_customers;
  insert into analytics_customers (customer_id, bought_days, other_days)
    select customer_id, coalesce(array_agg(day order by day) filter (where bought), '{}'), coalesce(array_agg(day order by day) filter (where not bought), '{}')
      from (select coalesce(c.merged_into, c.id) as customer_id, utc_day(occurred_at) as day, bool_or(t.type = 'earn' and t.amount_minor is not null) as bought
              from loyalty_transactions t join customers c on c.id = t.customer_id
             where t.status = 'applied' and t.type in ('earn', 'redeem') group by 1, 2) as days group by customer_id;
  insert into analytics_counts (figure, part, day, value) select figure, part, day, value from analytics_recount;
  insert into analytics_counts (figure, part, day, value)
    select 'buyers_by_month', left(part, 7), day, sum(value) from analytics_counts
     where figure = 'buyers' group by left(part, 7), day;
$$;
select rebuild_analytics();

-- Finding those who are here twice: by keys that two records share, the newest of each key first, so that a page's work
-- is bounded however many share one. A similar name is looked for among those born on the same day, and among those of
-- the same city with a name or both initials in common.
create function name_keys(first_name text, last_name text, cities text[]) returns text[]
  language sql immutable parallel safe as $$
  select coalesce(array_agg(distinct city || '|' || key), '{}')
    from unnest(cities) as city
    cross join lateral (values (lower(first_name), lower(last_name))) as name (first, last)
    cross join lateral (
      select word from regexp_split_to_table(first || ' ' || last, '\s+') as word
      union select least(left(first, 1), left(last, 1)) || greatest(left(first, 1), left(last, 1))) as keys (key)
$$;
drop index customers_full_name, customers_mailbox_name, customers_alternate_mailbox_name, customers_alternate_phone;
create index customers_alternate_phone on customers (alternate_phone, id)
  where erased_at is null and merged_into is null;
create index customers_mailbox_name on customers (mailbox_name(email), id)
  where erased_at is null and merged_into is null;
create index customers_alternate_mailbox_name on customers (mailbox_name(alternate_email), id)
  where erased_at is null and merged_into is null;
create index customers_full_name on customers (full_name(first_name, last_name), id)
  where erased_at is null and merged_into is null;
create index customers_date_of_birth on customers (date_of_birth, id)
  where erased_at is null and merged_into is null;
create index customers_name_keys on customers using gin (name_keys(first_name, last_name, cities(addresses)))
  where erased_at is null and merged_into is null;
