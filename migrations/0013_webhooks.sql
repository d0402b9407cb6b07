-- Where events are sent to, and what became of each one there.

create table webhook_endpoints (
  id              uuid primary key,
  url             text not null,
  description     text,
  -- Of events it wants; empty: all.
  types           text[] not null default '{}',
  status          text not null default 'enabled' check (status in ('enabled', 'disabled')),
  -- `gone`: it answered 410 itself.
  disabled_reason text check (disabled_reason in ('by_hand', 'gone')),
  created_at      timestamptz not null default clock_timestamp(),
  updated_at      timestamptz not null default clock_timestamp(),
  check ((status = 'disabled') = (disabled_reason is not null))
);

-- Apart from the endpoints, so that who reads those, a person with SQL or a query of ours, never has them in hand.
create table webhook_secrets (
  endpoint_id     uuid primary key references webhook_endpoints (id) on delete cascade,
  secret          text not null,
  -- The one before signs as well until then.
  previous_secret text,
  previous_until  timestamptz,
  check ((previous_secret is null) = (previous_until is null))
);
-- Where database-roles.sql has been run, whatever is new can be read at once by the role that reads.
do $$
begin
  if exists (select from pg_roles where rolname = 'customer_service_readonly') then
    revoke all on webhook_secrets from customer_service_readonly;
  end if;
end $$;

create table webhook_deliveries (
  endpoint_id      uuid not null references webhook_endpoints (id) on delete cascade,
  event_id         uuid not null,
  -- `failed`: it was tried for three days.
  status           text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
  -- Begun so far. While one is under way `next_attempt_at` is when somebody else may take it for dead.
  attempts         integer not null default 0,
  next_attempt_at  timestamptz default clock_timestamp(),
  -- Of the last answer; null: there was none, and `last_error` says why.
  last_status      integer,
  last_error       text,
  last_duration_ms integer,
  delivered_at     timestamptz,
  primary key (endpoint_id, event_id),
  check ((status = 'pending') = (next_attempt_at is not null))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
create index webhook_deliveries_due on webhook_deliveries (endpoint_id, next_attempt_at, event_id) where status = 'pending';
create index webhook_deliveries_pending on webhook_deliveries (endpoint_id, event_id) where status = 'pending';
create index webhook_deliveries_failed on webhook_deliveries (endpoint_id, event_id) where status = 'failed';

-- In the SQL transaction that makes an event: whoever can read it is sure that it will be sent. An endpoint that is
-- disabled gets its own later.
create function add_webhook_deliveries() returns trigger language plpgsql as $$
begin
  insert into webhook_deliveries (endpoint_id, event_id)
  select e.id, p.id from published p join webhook_endpoints e on e.types = '{}' or p.type = any (e.types)
   order by e.id, p.id;
  return null;
end $$;
create trigger events_are_delivered after insert on events
  referencing new table as published for each statement execute function add_webhook_deliveries();

-- What is no longer kept can't be sent.
create function drop_webhook_deliveries() returns trigger language plpgsql as $$
begin
  delete from webhook_deliveries d using webhook_endpoints e, dropped g where d.endpoint_id = e.id and d.event_id = g.id;
  return null;
end $$;
create trigger events_take_deliveries_along after delete on events
  referencing old table as dropped for each statement execute function drop_webhook_deliveries();
