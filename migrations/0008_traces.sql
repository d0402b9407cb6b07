-- The trace that a transaction was posted in (W3C Trace Context), so that whoever decides it later joins it.
alter table loyalty_transactions add column traceparent text;
create trigger loyalty_transactions_trace_stays
  before update on loyalty_transactions for each row
  when (new.traceparent is distinct from old.traceparent) execute function refuse_ledger_change();
