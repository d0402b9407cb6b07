-- no transaction: the index that 0011_oldest_index replaces. It answered for a customer as well, by reading all that waits for anybody, whenever the statistics were from a time when nothing waited.
drop index concurrently loyalty_transactions_overdue;
