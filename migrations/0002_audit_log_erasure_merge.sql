-- The life of a customer's record: who changed what, erasure, merge, and finding those who are here twice.

-- The customer this one lives on as; never a chain, because a merge takes along whoever was merged into its source.
alter table customers
  add column merged_into uuid references customers (id),
  add constraint customers_not_merged_into_itself check (merged_into <> id);
create index customers_merged_into on customers (merged_into) where merged_into is not null;

-- Set by erase and merge, who hold the row FOR UPDATE; acceptance locks it FOR KEY SHARE and asks for null.
alter table loyalty_accounts add column closed_at timestamptz;

-- A merge moves points by two lines of the ledger. They carry what the account held: points, spend and visits.
alter table loyalty_transactions
  add column visits bigint check (visits >= 0),
  drop constraint loyalty_transactions_type_check,
  add constraint loyalty_transactions_type_check check (type in ('earn', 'redeem', 'transfer_in', 'transfer_out')),
  drop constraint loyalty_transactions_check1,
  add constraint loyalty_transactions_amount_in_a_currency check (
    case when type in ('transfer_in', 'transfer_out') then currency is null
         else (amount_minor is null) = (currency is null) end),
  add constraint loyalty_transactions_visits_of_transfers check (
    (visits is not null) = (type in ('transfer_in', 'transfer_out')));
create trigger loyalty_transactions_visits_stay
  before update on loyalty_transactions for each row
  when (new.visits is distinct from old.visits) execute function refuse_ledger_change();

-- The one exception from "a decided row is never changed": the texts a client wrote go when its customer is erased.
-- Everything that adds up stays, compared as a whole, so that a column added later is kept as well.
create or replace function refuse_ledger_change() returns trigger language plpgsql as $$
declare
  texts constant text[] := '{idempotency_key,fingerprint,order_id,source,external_reference,description}';
begin
  if tg_op = 'UPDATE' then
    if old.status <> 'pending'
      and new.idempotency_key = new.id::text and new.fingerprint = ''
      and num_nonnulls(new.order_id, new.source, new.external_reference, new.description) = 0
      and to_jsonb(new) - texts = to_jsonb(old) - texts
      and exists (select from customers where id = old.customer_id and erased_at is not null)
    then return new;
    end if;
  end if;
  raise exception 'loyalty_transactions is append-only: % was refused', tg_op using errcode = 'restrict_violation';
end $$;

-- Every write of a profile, by whom and why. `changes` is { field: { before, after } } of what changed.
create table audit_log (
  id          bigint generated always as identity primary key,
  at          timestamptz not null default clock_timestamp(),
  actor_role  text not null,
  actor_sub   text not null,
  action      text not null,
  customer_id uuid references customers (id),
  reason      text,
  request_id  text,
  changes     jsonb not null default '{}' check (jsonb_typeof(changes) = 'object')
);
create index audit_log_customer on audit_log (customer_id, id);
create index audit_log_actor on audit_log (actor_sub, id);
create index audit_log_at on audit_log (at);

-- { field: null }: which fields were changed, and no longer from what to what.
create function redacted_changes(changes jsonb) returns jsonb language sql immutable parallel safe as $$
  select coalesce(jsonb_object_agg(field, null), '{}') from jsonb_object_keys(changes) as field
$$;

-- Append-only as well, with the one exception that erasure needs: values and reasons of an erased customer's rows go.
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if new.reason is null and new.changes = redacted_changes(old.changes)
      and to_jsonb(new) - '{reason,changes}'::text[] = to_jsonb(old) - '{reason,changes}'::text[]
      and exists (select from customers where id = old.customer_id and erased_at is not null)
    then return new;
    end if;
  end if;
  raise exception 'audit_log is append-only: % was refused', tg_op using errcode = 'restrict_violation';
end $$;
create trigger audit_log_append_only
  before update or delete on audit_log for each row execute function refuse_audit_change();
create trigger audit_log_never_truncated
  before truncate on audit_log for each statement execute function refuse_audit_change();

-- What two records of one person have in common, in the form in which it is compared.
create function full_name(first_name text, last_name text) returns text
  language sql immutable parallel safe as $$ select lower(first_name || ' ' || last_name) $$;
create function mailbox_name(email text) returns text language sql immutable parallel safe as $$
  select nullif(replace(split_part(split_part(lower(email), '@', 1), '+', 1), '.', ''), '')
$$;
create function cities(addresses jsonb) returns text[] language sql immutable parallel safe as $$
  select coalesce(array_agg(distinct lower(address ->> 'city')), '{}') from jsonb_array_elements(addresses) as address
$$;
create index customers_full_name on customers using gin (full_name(first_name, last_name) gin_trgm_ops);
create index customers_mailbox_name on customers (mailbox_name(email));
create index customers_alternate_mailbox_name on customers (mailbox_name(alternate_email));
create index customers_alternate_phone on customers (alternate_phone);
