-- Three roles for one database, each with what it needs and no more:
--
--   customer_service_migrator  owns the schema: the migration step, and `npm run seed:large`
--   customer_service_app       API and worker: no DDL, no trigger switched off, no decided row changed or deleted
--   customer_service_readonly  reads everything, persons included, but the secrets of webhooks: `npm run audit` and reports
--
-- Run as a superuser, or as the database's owner with CREATEROLE, in the service's database: before the first migration,
-- and again after each one that adds tables. Running it twice changes nothing. Passwords are not its business:
-- `\password customer_service_app` in psql, or certificates. Whoever owned the schema before no longer does.

do $$
declare
  name text;
begin
  foreach name in array array['customer_service_migrator', 'customer_service_app', 'customer_service_readonly'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I login', name);
    end if;
    execute format('grant connect on database %I to %I', current_database(), name);
  end loop;
  -- Whoever is no superuser may hand things over only to a role it belongs to.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant customer_service_migrator to %I', current_user);
  end if;
  execute format('revoke all on database %I from public', current_database());
  execute format('grant create on database %I to customer_service_migrator', current_database());
end $$;

-- The schema of the service, and the queue's where it lives in PostgreSQL, with all that is in them but extensions.
grant usage, create on schema public to customer_service_migrator;
do $$
declare
  item record;
begin
  for item in
    select format('schema %I', nspname) as what from pg_namespace where nspname = 'bullmq'
    union all
    select format('%s %s', case relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end, oid::regclass)
      from pg_class c
     where relnamespace in (select oid from pg_namespace where nspname in ('public', 'bullmq')) and relkind in ('r', 'p', 'v', 'S')
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('e', 'a', 'i'))
    union all
    select format('routine %s', oid::regprocedure)
      from pg_proc p
     where pronamespace in (select oid from pg_namespace where nspname in ('public', 'bullmq'))
       and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
    union all
    select format('type %s', oid::regtype)
      from pg_type t
     where typnamespace in (select oid from pg_namespace where nspname in ('public', 'bullmq'))
       and (typtype in ('d', 'e') or exists (select from pg_class c where c.oid = typrelid and relkind = 'c'))
       and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
    union all
    select format('statistics %I.%I', nspname, stxname)
      from pg_statistic_ext join pg_namespace n on n.oid = stxnamespace where nspname = 'public'
  loop
    execute format('alter %s owner to customer_service_migrator', item.what);
  end loop;
end $$;

-- What a later migration makes can be read and added to at once; whatever more it needs is for this file to say.
revoke create on schema public from public;
grant usage on schema public to customer_service_app, customer_service_readonly;
alter default privileges for role customer_service_migrator grant select, insert on tables to customer_service_app;
alter default privileges for role customer_service_migrator grant usage on sequences to customer_service_app;
alter default privileges for role customer_service_migrator grant select on tables to customer_service_readonly;

do $$
declare
  -- [table, what the app may do with it]
  grants constant text[] := array[
    ['customers', 'select, insert, update'],
    ['name_words', 'select, insert, update, delete'],
    ['loyalty_accounts', 'select, insert, update'],
    -- Decided once, and the free texts taken out by an erasure; what was posted can not even be written to.
    ['loyalty_transactions', 'select, insert,
      update (status, rejection_code, points, balance_after, tier_after, sequence, explanation, hash, applied_at,
              idempotency_key, fingerprint, order_id, source, external_reference, description)'],
    ['loyalty_tier_changes', 'select, insert'],
    -- Whoever opens another version locks the table, which takes the right to update all of it.
    ['loyalty_programmes', 'select, insert, update'],
    ['loyalty_adjustments', 'select, insert,
      update (status, decided_by, decided_at, transaction_id, note, idempotency_key, fingerprint)'],
    ['audit_log', 'select, insert, update (reason, changes)'],
    ['analytics_counts', 'select, insert, update'],
    ['analytics_customers', 'select, insert, update, delete'],
    ['analytics_deltas', 'select, insert, delete'],
    ['analytics_visits', 'select, insert, delete'],
    ['analytics_figures', 'select'],
    ['analytics_recount', 'select'],
    ['outbox', 'select, insert, delete'],
    ['events', 'select, insert, delete'],
    ['event_sequences', 'select, insert, update'],
    ['event_upkeep', 'select, update'],
    ['loyalty_quarantine', 'select, insert, update, delete'],
    ['webhook_endpoints', 'select, insert, update, delete'],
    ['webhook_secrets', 'select, insert, update, delete'],
    ['webhook_deliveries', 'select, insert, update, delete'],
    ['processes', 'select, insert, update, delete'],
    ['activity', 'select, insert, update, delete'],
    ['reconciliations', 'select, insert, delete'],
    -- Only an owner moves the ledger's clock: no TEST_CLOCK with these roles.
    ['test_clock', 'select'],
    ['knex_migrations', 'select'],
    ['knex_migrations_lock', '']];
  entry text[];
begin
  if to_regclass('public.knex_migrations') is null then return; end if;
  foreach entry slice 1 in array grants loop
    execute format('revoke all on public.%I from public, customer_service_app', entry[1]);
    if entry[2] <> '' then
      execute format('grant %s on public.%I to customer_service_app', entry[2], entry[1]);
    end if;
  end loop;
  grant select on all tables in schema public to customer_service_readonly;
  -- Whoever has one can send in our name.
  revoke all on public.webhook_secrets from customer_service_readonly;
end $$;

-- Rings only: no person and no points.
do $$
begin
  if to_regnamespace('bullmq') is null then return; end if;
  -- BullMQ's functions gather a batch in a temporary table.
  execute format('grant temporary on database %I to customer_service_app', current_database());
  grant usage on schema bullmq to customer_service_app, customer_service_readonly;
  grant select, insert, update, delete on all tables in schema bullmq to customer_service_app;
  grant usage, select, update on all sequences in schema bullmq to customer_service_app;
  grant select on all tables in schema bullmq to customer_service_readonly;
end $$;
