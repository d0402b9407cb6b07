-- Cohorts: how many of those who joined in a month bought in which month. Kept by the fold, from the days it knows anyway;
-- whoever applies writes nothing more than before.
--
-- A customer joined in the month of created_at, or of the first purchase where that is earlier: those who were customers
-- before they had a record here. Two figures, both of customers who are neither erased nor merged:
-- cohort_buyers: of those who joined in the month `part`, how many bought in the month that begins on `day`.
-- cohort_moved: what there is to add to `new_customers` of the month `part`, because some joined before they were created.

create function first_of_month(day date) returns date language sql immutable parallel safe as $$
  select day - (extract(day from day)::integer - 1)
$$;

create type cohort_member as (created_at timestamptz, bought_days date[]);

-- The figures of some customers, by the days on which they bought.
create function cohort_figures(given cohort_member[])
  returns table (figure text, part text, day date, value bigint) language sql stable as $$
  with months as materialized (
    select n, created, month, least(created, min(month) over (partition by n)) as joined
      from (select distinct n, first_of_month(utc_day(created_at)) as created, first_of_month(bought) as month
              from unnest(given) with ordinality as members (created_at, bought_days, n)
              cross join lateral unnest(bought_days) as bought) as bought_months
  )
  select 'cohort_buyers', to_char(joined, 'YYYY-MM'), month, count(*) from months group by joined, month
  union all
  select 'cohort_moved', to_char(each.month, 'YYYY-MM'), '-infinity'::date, sum(each.value)
    from (select distinct n, created, joined from months where joined < created) as moved
    cross join lateral (values (created, -1), (joined, 1)) as each (month, value)
   group by each.month having sum(each.value) <> 0
$$;

-- What `before` counted goes, what `after` counts comes.
create function cohort_changes(before cohort_member[], after cohort_member[])
  returns table (figure text, part text, day date, value bigint) language sql stable as $$
  select figure, part, day, sum(value)::bigint
    from (select figure, part, day, -value as value from cohort_figures(before)
          union all select figure, part, day, value from cohort_figures(after)) as changes
   group by figure, part, day having sum(value) <> 0
$$;

-- As in 0004, with `members` and what comes of them.
create or replace function visit_changes(given analytics_visits[])
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
  ), members as (
    select array_agg((created_at, bought_days)::cohort_member) as before,
           array_agg((created_at, bought_days || new_days)::cohort_member) as after
      from buyers join customers on id = customer_id
     where erased_at is null
       -- Who has bought in the month already changes no cohort by another day of it.
       and exists (select from unnest(new_days) as new_day
                    where not exists (select from unnest(bought_days) as known
                                       where first_of_month(known) = first_of_month(new_day)))
  )
  select 'active_customers', tier, day, count(*) from news where was_away group by tier, day
  union all
  select 'buyers', coalesce(to_char(before, 'YYYY-MM-DD'), ''), day, sum(value) from links
   group by before, day having sum(value) <> 0
  union all
  select c.figure, c.part, c.day, c.value from members cross join lateral cohort_changes(before, after) as c
$$;

-- A merged customer counts once, in the cohort of whom it was merged into. By the name of its trigger this comes before
-- count_merged (0005), while the days of the two are still apart.
create function count_merged_cohorts() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('customer-service analytics'));
  insert into analytics_deltas (figure, part, day, value)
  select c.figure, c.part, c.day, c.value
    from cohort_changes(
      (select array_agg((created_at, bought_days)::cohort_member)
         from analytics_customers join customers on id = customer_id where id in (new.id, new.merged_into)),
      (select array_agg((target.created_at, array(
         select utc_day(occurred_at) from loyalty_transactions
          where customer_id in (select id from customers
                                 where id in (new.id, new.merged_into) or merged_into in (new.id, new.merged_into))
            and status = 'applied' and type = 'earn' and amount_minor is not null))::cohort_member)
         from customers target where target.id = new.merged_into)) as c;
  return null;
end $$;
create trigger customers_count_cohorts_merged
  after update on customers for each row
  when (old.merged_into is null and new.merged_into is not null) execute function count_merged_cohorts();

-- Whoever is erased leaves the cohort; the lock, because a fold under way may still count somebody in.
create function count_changed_cohort() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('customer-service analytics'));
  insert into analytics_deltas (figure, part, day, value)
  select c.figure, c.part, c.day, c.value
    from analytics_customers k
    cross join lateral cohort_changes(
      case when old.erased_at is null then array[(old.created_at, bought_days)::cohort_member] end,
      case when new.erased_at is null then array[(new.created_at, bought_days)::cohort_member] end) as c
   where k.customer_id = new.id;
  return null;
end $$;
create trigger customers_count_cohort
  after update on customers for each row
  when ((old.created_at, old.erased_at is null) is distinct from (new.created_at, new.erased_at is null))
  execute function count_changed_cohort();

-- As in 0005, with the two figures at the end.
create or replace view analytics_recount as
  with moved as (
    select t.id, coalesce(c.merged_into, c.id) as customer_id, t.position, t.type, t.points, t.tier_after,
           case when t.type = 'earn' then t.amount_minor end as bought, utc_day(t.occurred_at) as day,
           spend_of(t.type, t.amount_minor, t.explanation) as spent,
           visits_of(t.type, t.amount_minor, t.explanation) as visits
      from loyalty_transactions t join customers c on c.id = t.customer_id where t.status = 'applied'
  ), months as (
    select id, created, month, least(created, min(month) over (partition by id)) as joined
      from (select distinct c.id, first_of_month(utc_day(created_at)) as created, first_of_month(day) as month
              from moved join customers c on c.id = customer_id
             where bought is not null and erased_at is null) as bought_months
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
  select 'customers_by_tier', tier, '-infinity'::date, count(*) from loyalty_accounts where closed_at is null group by tier
  union all
  select 'cohort_buyers', to_char(joined, 'YYYY-MM'), month, count(*) from months group by joined, month
  union all
  select 'cohort_moved', to_char(each.month, 'YYYY-MM'), '-infinity'::date, sum(each.value)
    from months cross join lateral (values (created, -1), (joined, 1)) as each (month, value)
   where months.month = joined and joined < created group by each.month having sum(each.value) <> 0;

-- To begin with: of the days that are folded, because the others will be. The triggers above have shut out whoever
-- changes a customer; the lock shuts out the fold. Some customers at a time, for the memory it takes.
select pg_advisory_xact_lock(hashtext('customer-service analytics'));
insert into analytics_counts (figure, part, day, value)
select c.figure, c.part, c.day, sum(c.value)
  from (select array_agg((created_at, bought_days)::cohort_member) as members
          from analytics_customers join customers on id = customer_id
         where erased_at is null group by get_byte(uuid_send(id), 15)) as pages
  cross join lateral cohort_figures(members) as c
 group by c.figure, c.part, c.day having sum(c.value) <> 0;
