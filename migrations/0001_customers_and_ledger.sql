-- Customers, their loyalty accounts, and the ledger that is inbox and audit trail in one.

create extension if not exists pg_trgm;

create table customers (
  id               uuid primary key,
  external_id      text unique,
  first_name       text not null,
  last_name        text not null,
  email            text unique,
  phone            text unique,
  alternate_email  text,
  alternate_phone  text,
  addresses        jsonb not null default '[]',
  date_of_birth    date,
  gender           text,
  preferences      jsonb not null,
  status           text not null default 'active' check (status in ('active', 'inactive', 'suspended')),
  tags             text[] not null default '{}',
  notes            text,
  referral_source  text,
  metadata         jsonb not null default '{}',
  version          integer not null default 1,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  erased_at        timestamptz,
  -- What the search box looks through: a substring of any of these, in any case.
  search_text      text generated always as (
    lower(first_name || ' ' || last_name || ' ' || coalesce(email, '') || ' ' || coalesce(alternate_email, '') || ' '
      || coalesce(phone, '') || ' ' || coalesce(alternate_phone, '') || ' ' || coalesce(external_id, ''))
  ) stored
);
create index customers_search on customers using gin (search_text gin_trgm_ops);

-- One narrow row a customer, because it is the hot one: every movement of points updates it.
create table loyalty_accounts (
  customer_id              uuid primary key references customers (id),
  points_balance           bigint not null default 0 check (points_balance >= 0),
  lifetime_points_earned   bigint not null default 0 check (lifetime_points_earned >= 0),
  lifetime_points_redeemed bigint not null default 0 check (lifetime_points_redeemed >= 0),
  total_spent_minor        bigint not null default 0 check (total_spent_minor >= 0),
  visits_count             bigint not null default 0 check (visits_count >= 0),
  tier                     text not null default 'bronze',
  sequence                 bigint not null default 0,
  check (points_balance = lifetime_points_earned - lifetime_points_redeemed)
) with (fillfactor = 70);
create index loyalty_accounts_tier on loyalty_accounts (tier);

create table loyalty_transactions (
  id                  uuid primary key,
  -- The accepted order: transactions of one customer apply by it. No clock and no id of ours decides.
  position            bigint generated always as identity unique,
  customer_id         uuid not null references loyalty_accounts (customer_id),
  idempotency_key     text not null,
  -- SHA-256 of the operation and the canonical body: tells a retry from another request under the same key.
  fingerprint         bytea not null,
  type                text not null check (type in ('earn', 'redeem')),
  status              text not null default 'pending' check (status in ('pending', 'applied', 'rejected')),
  points              bigint check (points >= 0),
  amount_minor        bigint check (amount_minor > 0),
  currency            text,
  order_id            text,
  source              text,
  external_reference  text,
  description         text,
  rejection_code      text,
  balance_after       bigint,
  sequence            bigint,
  accepted_from       text not null,
  occurred_at         timestamptz not null check (occurred_at >= '0001-01-01Z' and occurred_at < '10000-01-01Z'),
  accepted_at         timestamptz not null default clock_timestamp(),
  applied_at          timestamptz,
  unique (customer_id, idempotency_key),
  unique (customer_id, sequence),
  check (points is not null or amount_minor is not null),
  check ((amount_minor is null) = (currency is null)),
  check ((status = 'pending') = (sequence is null)),
  check ((status = 'pending') = (applied_at is null)),
  check ((status = 'rejected') = (rejection_code is not null)),
  check (status = 'pending' or (points is not null and balance_after is not null))
) with (fillfactor = 70);
-- A till that resends a receipt under a new key.
create unique index loyalty_transactions_receipt
  on loyalty_transactions (customer_id, type, source, external_reference)
  where source is not null and external_reference is not null;
create index loyalty_transactions_history on loyalty_transactions (customer_id, position);
create index loyalty_transactions_occurred on loyalty_transactions (occurred_at);
-- What waits: by customer for the apply, by age for the sweep.
create index loyalty_transactions_pending on loyalty_transactions (customer_id, position) where status = 'pending';
create index loyalty_transactions_overdue on loyalty_transactions (position) where status = 'pending';

-- A row is written once as pending and decided once. After that nothing may touch it; corrections are new rows.
-- The rule stands in the WHEN clause, so that the lawful change, which is the hot path, pays for no function call.
create function refuse_ledger_change() returns trigger language plpgsql as $$
begin
  raise exception 'loyalty_transactions is append-only: % was refused', tg_op using errcode = 'restrict_violation';
end $$;
create trigger loyalty_transactions_decided_once
  before update on loyalty_transactions for each row
  when (not (
    old.status = 'pending' and new.status in ('applied', 'rejected')
    and (old.points is null or new.points = old.points)
    and (new.id, new.position, new.customer_id, new.idempotency_key, new.fingerprint, new.type, new.amount_minor,
         new.currency, new.order_id, new.source, new.external_reference, new.description, new.accepted_from,
         new.occurred_at, new.accepted_at)
      is not distinct from
        (old.id, old.position, old.customer_id, old.idempotency_key, old.fingerprint, old.type, old.amount_minor,
         old.currency, old.order_id, old.source, old.external_reference, old.description, old.accepted_from,
         old.occurred_at, old.accepted_at)))
  execute function refuse_ledger_change();
create trigger loyalty_transactions_born_pending
  before insert on loyalty_transactions for each row
  when (new.status <> 'pending') execute function refuse_ledger_change();
create trigger loyalty_transactions_never_deleted
  before delete on loyalty_transactions for each row execute function refuse_ledger_change();
create trigger loyalty_transactions_never_truncated
  before truncate on loyalty_transactions for each statement execute function refuse_ledger_change();
