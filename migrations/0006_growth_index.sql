-- no transaction: customers are written meanwhile. About a minute for a million; a try that was broken off leaves an invalid index, to be dropped before the next.
create index concurrently customers_numbers on customers using gin (numbers(search_text)) with (gin_pending_list_limit = 256);
