-- Customers whose transactions can't be decided, by a fault of their own rows or of the code. After a few failures a
-- customer is left alone (quarantined_at); what it posts is still accepted and waits. Whoever has mended the fault
-- releases it, which deletes the row and is written to audit_log.
create table loyalty_quarantine (
  customer_id     uuid primary key references loyalty_accounts (customer_id),
  failures        integer not null default 1 check (failures > 0),
  -- Kind of the last fault: name of the error, SQLSTATE, constraint. Never a value.
  fault           text not null,
  first_failed_at timestamptz not null default clock_timestamp(),
  last_failed_at  timestamptz not null default clock_timestamp(),
  -- Null: it has failed, and is tried again.
  quarantined_at  timestamptz
);
