-- no transaction: what was accepted is written meanwhile. About ten seconds for ten million lines; a try that was broken off leaves an invalid index, to be dropped before the next.
create index concurrently loyalty_transactions_oldest on loyalty_transactions (position) where status = 'pending' and position > 0;
