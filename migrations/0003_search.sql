-- Finding customers: one search box, filters, orders, and the indexes that answer them.

create extension if not exists unaccent;

-- The form in which texts are compared: no accents, no capitals. Immutable as long as nobody edits unaccent.rules.
create function fold(value text) returns text language sql immutable strict parallel safe
  return lower(unaccent('unaccent'::regdictionary, value));

-- "Ångström-Weiß" becomes "angstrom-weiss angstrom weiss": found as a whole and by each of its parts.
create function words(value text) returns text language plpgsql immutable strict parallel safe as $$
declare
  whole constant text := regexp_replace(fold(value), '\s+', ' ', 'g');
  parts constant text := translate(whole, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32));
begin
  return case when parts = whole then whole else whole || ' ' || regexp_replace(parts, ' +', ' ', 'g') end;
end $$;

-- Everything that is filtered by equality, as `filter:value`, so that one index answers any combination.
create function facets(tags text[], addresses jsonb, preferences jsonb, date_of_birth date) returns text[]
  language plpgsql immutable parallel safe as $$
begin
  -- Folded as one text, which takes half the time. No value has a line break.
  return string_to_array(fold(array_to_string(array(
    select 'tag:' || tag from unnest(tags) as tag
    union all select unnest(array['city:' || (address ->> 'city'), 'country:' || (address ->> 'country')])
      from jsonb_array_elements(addresses) as address
    union all select 'dietary_restriction:' || (diet #>> '{}')
      from jsonb_path_query(preferences, '$.dietary_restrictions[*]') as diet
    union all select 'allergen:' || (allergen #>> '{}')
      from jsonb_path_query(preferences, '$.allergies[*].allergen') as allergen
    union all select 'birthday_month:' || extract(month from date_of_birth)), e'\n')), e'\n');
end $$;

alter table customers
  drop column search_text,
  -- What is searched, with a space before and after each word. An email is one word, and its halves are.
  add column search_text text not null generated always as (
    ' ' || words(first_name || ' ' || last_name || ' ' || coalesce(email || ' ' || replace(email, '@', ' '), '') || ' '
      || coalesce(alternate_email || ' ' || replace(alternate_email, '@', ' '), '') || ' '
      || coalesce(phone, '') || ' ' || coalesce(alternate_phone, '') || ' ' || coalesce(external_id, '')) || ' '
  ) stored,
  add column facets text[] not null generated always as (
    facets(tags, addresses, preferences, date_of_birth)) stored,
  -- Cut, because it travels in cursors; beyond that the id decides.
  add column sort_name text collate "C" not null generated always as (
    left(fold(last_name || ' ' || first_name), 100)) stored;
-- A common text is looked for along the newest customers, a rare one by its index: the statistics tell which it is.
alter table customers
  alter column search_text set statistics 1000,
  alter column facets set statistics 1000;
-- What was written lately is searched row by row until it is sorted into the index: that is to stay short.
create index customers_search on customers using gin (search_text gin_trgm_ops) with (gin_pending_list_limit = 256);
create index customers_facets on customers using gin (facets) with (gin_pending_list_limit = 256);
create index customers_created on customers (created_at, id);
create index customers_updated on customers (updated_at);
create index customers_sort_name on customers (sort_name, id);

-- The different words of all names: far fewer than customers, so that misspelt ones are looked up here.
create table name_words (word text collate "C" primary key);
create index name_words_similar on name_words using gin (word gin_trgm_ops);
insert into name_words
select distinct word from customers, string_to_table(words(first_name || ' ' || last_name), ' ') as word where word <> '';

-- A word comes with the first customer who has it and goes with the last, so that nobody stays behind in it. Whoever
-- comes holds the word FOR KEY SHARE until committed; whoever goes locks it first and looks for others afterwards.
create function keep_name_words() returns trigger language plpgsql set enable_seqscan = off as $$
declare
  wanted text[] := array(select distinct word
                           from string_to_table(words(new.first_name || ' ' || new.last_name), ' ') as word
                          where word <> '' order by 1);
  gone text[];
  held bigint;
begin
  loop
    insert into name_words select unnest(wanted) on conflict do nothing;
    perform from name_words where word = any(wanted) order by word for key share;
    get diagnostics held = row_count;
    exit when held = cardinality(wanted);
  end loop;
  if tg_op = 'UPDATE' then
    gone := array(select string_to_table(old.search_text, ' ') except select string_to_table(new.search_text, ' '));
    perform from name_words where word = any(gone) order by word for update;
    delete from name_words n where word = any(gone) and not exists (
      select from customers where search_text like '% ' || regexp_replace(n.word, '([\\%_])', '\\\1', 'g') || ' %');
  end if;
  return null;
end $$;
create trigger customers_name_words_come
  after insert on customers for each row execute function keep_name_words();
create trigger customers_name_words_change
  after update on customers for each row
  when (old.search_text is distinct from new.search_text) execute function keep_name_words();

-- The latest purchase, by the moment it occurred at. A merge takes the later of both.
alter table loyalty_accounts add column last_visit_at timestamptz;
update loyalty_accounts a set last_visit_at = v.at
  from (select coalesce(c.merged_into, c.id) as customer_id, date_trunc('milliseconds', max(t.occurred_at)) as at
          from loyalty_transactions t join customers c on c.id = t.customer_id
         where t.type = 'earn' and t.status = 'applied' and t.amount_minor is not null
         group by 1) as v
 where a.customer_id = v.customer_id;
create index loyalty_accounts_points on loyalty_accounts (points_balance, customer_id) where closed_at is null;
create index loyalty_accounts_spent on loyalty_accounts (total_spent_minor, customer_id) where closed_at is null;
-- Whoever never bought comes before everybody who did.
create index loyalty_accounts_last_visit
  on loyalty_accounts (coalesce(last_visit_at, '-infinity'), customer_id) where closed_at is null;
create statistics loyalty_accounts_last_visit_spread on (coalesce(last_visit_at, '-infinity')) from loyalty_accounts;
