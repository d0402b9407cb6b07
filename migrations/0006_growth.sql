-- What growth asks for: words with digits by an index of their own, and a vacuum that comes in small portions.

-- The words of `search_text` that have a digit: ids, phone numbers, most emails.
create function numbers(search_text text) returns tsvector language sql immutable strict parallel safe
  return array_to_tsvector(array(select word from string_to_table(search_text, ' ') as word where word ~ '[0-9]'));

-- As in 0003, whose question mark had become `$1`, so that words were parted at each 1. Rows have it right when they are
-- written next; until then a part of a word with a 1 is found one step later.
create or replace function words(value text) returns text language plpgsql immutable strict parallel safe as $$
declare
  whole constant text := regexp_replace(fold(value), '\s+', ' ', 'g');
  parts constant text := translate(whole, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32));
begin
  return case when parts = whole then whole else whole || ' ' || regexp_replace(parts, ' +', ' ', 'g') end;
end $$;

-- A row of the ledger is updated once, and an account with each of its lines; neither can be a HOT update, because what
-- changes is indexed. By default a table of ten million would keep two million dead rows before anybody came.
alter table loyalty_transactions set (
  autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table loyalty_accounts set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
