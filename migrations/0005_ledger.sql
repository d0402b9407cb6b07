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
-- Nobody looks a row up by its position alone, and analytics no longer reads the ledger: two indexes less for each write.
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
