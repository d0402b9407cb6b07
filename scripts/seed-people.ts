// The SQL that makes up customers by the ten thousand: names as they are spread in real life (few have many, many have
// few, some with accents), cities, tags, birthdays, purchases. Made of the programme's own rules, so that the ledger
// agrees with the accounts. Knows no connection.

import { PROGRAMME } from '@customer-service/domain';

const split = (text: string) => text.split(' ');

/** The commonest first: how often one is taken falls with its place. */
const FIRST_NAMES = split(
  'Maria Anna James Emma John Sophie Michael Laura David Julia Thomas Sarah Daniel Marie Robert Lena Peter Elena José ' +
    'Eva William Zoë Paul Chloé Mark Élodie Andrew Inês George Nina Martin Ana Christian Clara Simon Olga Lukas Ida ' +
    'Jan Katarzyna Stefan Hannah Piotr Alice Marco Ingrid Luis Amélie Karl Freya Jürgen Irène Søren Åsa Łukasz Nuria ' +
    'Björn Renée Miguel Siân Oliver Grace Henry Ruby Arthur Dorothée Władysław Giulia Matteo Francesca Hugo Beatriz ' +
    'Emil Astrid Niels Maeve Ciarán Niamh Dimitri Svetlana Yusuf Aylin Kenji Sakura Wei Mei Arjun Priya Omar Leïla ' +
    'Mateusz Agnieszka Tomáš Zuzana Ferenc Ilona Andrei Ioana Nikola Mila Tiago Mafalda Rasmus Signe Eino Aino',
);
const LAST_NAMES = split(
  'Smith Müller Johnson Garcia Jones Schmidt Brown Martin Rossi Williams Novák Andersson Taylor Silva Davies Nowak ' +
    'Hansen Wilson López Dubois Evans Weber Thomas García-Márquez Kowalski Jensen Roberts Nielsen Walker Bianchi ' +
    "O'Brien Wright Lefèvre Thompson Schäfer Hall Horváth Hughes Møller Green Kovács Edwards Żukowska Wood Núñez",
);
const ONSETS = split(
  'Ab Al Am Ar As Bal Bar Ben Ber Bor Bra Bren Cal Car Chal Con Cor Dal Dan Del Der Dor Dun Ed El Er Fal Far Fen Fer ' +
    'Gal Gar Gil Gol Gran Hal Har Hel Her Hol Is Jan Jor Kal Kar Kel Kra Lan Lar Len Lor Mal Mar Mel Mor Nel Nor Ol ' +
    'Or Pal Par Pel Per Pol Ral Ran Rel Ros Sal San Sel Ser Sol Stan Tal Tan Ter Thor Tor Ul Val Ver Vor Wal War Wel',
);
const MIDDLES = split(
  'a ba be bi bo da de di do fa fe ga ge go ha he ki la le li lo ma me mi mo na ne ni no pe ra re ri ro sa se si ta te ti to',
);
const ENDINGS = split(
  'berg bert by czyk dahl den der don dorf ell er ez feld ford gaard gren ham hof holm ic ini kamp kov land ley lin lund ' +
    'man mann mont nen ner quist rath relli ridge rup sen ska ski sky son stad stein ston strom ton tova vic ville well wick win worth',
);
const CITIES = [
  'London GB,Berlin DE,Paris FR,Madrid ES,Roma IT,Wien AT,Manchester GB,Hamburg DE,München DE,Kraków PL,Lyon FR,Zürich CH',
  'Barcelona ES,Praha CZ,Lisboa PT,København DK,Malmö SE,Oslo NO,Bristol GB,Köln DE,Leeds GB,Genève CH,Milano IT,Gdańsk PL',
  'Bordeaux FR,Graz AT,Århus DK,Göteborg SE,Porto PT,Brno CZ,Dublin IE,Cork IE,Utrecht NL,Antwerpen BE,Bergen NO,Málaga ES',
].flatMap((line) => line.split(',').map((place) => place.split(' ')));
const TAGS = split('newsletter regular lunch vip family wine student business birthday-club press vegan-menu terrace');
const DIETS = split('vegetarian vegan gluten-free halal kosher pescatarian lactose-free');
const ALLERGENS = split('peanuts nuts milk eggs fish crustaceans sesame celery soybeans mustard');
const DOMAINS = split('gmail.com outlook.com yahoo.com gmx.de icloud.com web.de orange.fr libero.it wp.pl example.com');

const list = (texts: readonly string[]) => `array[${texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(',')}]`;
/** One of them, the earlier ones more often; `chance` is a column from 0 to 1. */
const one = (texts: readonly string[], chance: string) =>
  `(${list(texts)})[1 + floor(${texts.length} * power(${chance}, 2.2))::int]`;
const any = (texts: readonly string[], chance: string) =>
  `(${list(texts)})[1 + floor(${texts.length} * ${chance})::int]`;

const CHANCES = Array.from({ length: 28 }, (_, index) => `random() as r${index}`).join(', ');

/** Three years of customers, the first of them the oldest: a row a customer, from number `first` to `last` of `all`. */
const PEOPLE = `
  create temporary table people as
  select n, (lpad(to_hex((extract(epoch from created_at) * 1000)::bigint), 12, '0') || '7' || substr(md5('id' || n), 1, 3)
             || '8' || substr(md5('id' || n), 4, 15))::uuid as id,
         created_at, first_name,
         case when r2 < 0.5 then common when r2 < 0.97 then rare else rare || '-' || common end as last_name,
         (${list(CITIES.map(([name = '']) => name))})[place] as city, (${list(CITIES.map((city) => city[1] ?? ''))})[place] as country,
         case when r4 < 0.7 then date '1935-01-01' + floor(r16 * 27000)::int end as date_of_birth,
         array_remove(array[case when r5 < 0.4 then ${one(TAGS, 'r17')} end, case when r18 < 0.1 then ${one(TAGS, 'r19')} end], null) as tags,
         case when r7 < 0.2 then ${one(DIETS, 'r20')} end as diet, case when r8 < 0.1 then ${one(ALLERGENS, 'r21')} end as allergen,
         case when r9 < 0.96 then 'active' when r9 < 0.99 then 'inactive' else 'suspended' end as status,
         r10 < 0.85 as has_email, ${one(DOMAINS, 'r11')} as domain, r12 < 0.7 as has_phone,
         -- What they spend is spread as incomes are; every tenth never bought and has a bonus only.
         case when r13 < 0.9 then greatest(100, floor(exp(9.2 + 1.3 * sqrt(-2 * ln(1 - r14)) * cos(2 * pi() * r15)))::bigint) end as bought,
         case when r13 < 0.35 then greatest(100, floor(exp(8.5 + r23 * 3))::bigint) end as bought_again,
         r22 < 0.25 as redeems, created_at + r0 * (now() - created_at) as at, r1
    from (select n, now() - interval '3 years' * (1 - n / ?::float8) as created_at, ${CHANCES}
            from generate_series(?::int, ?::int) as n) as chances
    cross join lateral (select ${one(FIRST_NAMES, 'r1')} as first_name, ${one(LAST_NAMES, 'r3')} as common,
        ${any(ONSETS, 'r24')} || ${any(MIDDLES, 'r25')} || ${any(ENDINGS, 'r26')} as rare,
        1 + floor(${CITIES.length} * power(r27, 2.2))::int as place) as made`;

const CUSTOMERS = `
  insert into customers (id, external_id, first_name, last_name, email, phone, addresses, date_of_birth, preferences,
                         status, tags, created_at, updated_at)
  select id, 'seed-' || n, first_name, last_name,
         case when has_email then regexp_replace(fold(first_name || '.' || last_name), '[^a-z.]', '', 'g') || n || '@' || domain end,
         case when has_phone then '+447' || lpad((n::bigint * 7919 % 1000000000)::text, 9, '0') end,
         jsonb_build_array(jsonb_build_object('label', 'home', 'street', null, 'city', city, 'state', null,
           'postal_code', null, 'country', country, 'is_primary', true)),
         date_of_birth,
         jsonb_build_object('dietary_restrictions', array_remove(array[diet], null), 'allergies', case when allergen is null then '[]'
             else jsonb_build_array(jsonb_build_object('allergen', allergen, 'severity', 'unknown', 'noted_by', null, 'noted_at', created_at)) end,
           'consents', '[]'::jsonb, 'favorite_cuisines', '[]'::jsonb, 'preferred_payment_method', null,
           'notification_channels', '[]'::jsonb, 'marketing_consent', false, 'language', null),
         status, tags, created_at, created_at
    from people order by n`;

const tierOf = (spent: string, visits: string) =>
  `case ${PROGRAMME.tiers
    .toReversed()
    .map(
      (rule) =>
        `when ${spent} >= ${rule.spend_threshold_minor} or ${visits} >= ${rule.visits_threshold} then '${rule.tier}'`,
    )
    .join(' ')} end`;
const RATE = PROGRAMME.earn.rates.EUR as { points: number; per_minor: number };
const multiplierOf = (tier: string) =>
  `case ${tier} ${PROGRAMME.tiers.map((rule) => `when '${rule.tier}' then ${rule.multiplier_bp}`).join(' ')} end`;
const pointsFor = (amount: string, tier: string) =>
  `(${amount} * ${RATE.points} * ${multiplierOf(tier)} / ${RATE.per_minor * 10_000})`;

/** A moment as the state of an account has it. */
const inJson = (at: string) => `to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const monthOf = (at: string) => `to_char(${at} at time zone 'UTC', 'YYYY-MM')`;

/** What the rules make of two purchases (or a bonus of 100 points) and a redemption of half of it, line by line. */
const LEDGER = `
  create temporary table moved as
  select p.id, n, last.at, case when bought_again is null then last.at else last.at - interval '1 day' end as first_at,
         bought, bought_again, first.tier as first_tier, ${tierOf('sums.spent', 'sums.visits')} as tier, sums.spent, sums.visits,
         first.points as earned, second.points as earned_again, coalesce(second.points, 0) + first.points as total,
         case when redeems and first.points > 1 then (first.points + coalesce(second.points, 0)) / 2 end as redeemed
    from people p
    cross join lateral (select date_trunc('milliseconds', p.at) as at) as last
    cross join lateral (select coalesce(bought, 0) + coalesce(bought_again, 0) as spent,
        num_nonnulls(bought, bought_again) as visits) as sums
    cross join lateral (select case when bought is null then 100 else ${pointsFor('bought', `'${PROGRAMME.tiers[0].tier}'`)} end as points,
        ${tierOf('coalesce(bought, 0)', '(bought is not null)::int')} as tier) as first
    cross join lateral (select ${pointsFor('bought_again', 'first.tier')} as points) as second`;

const ACCOUNTS = `
  insert into loyalty_accounts (customer_id, points_balance, lifetime_points_earned, lifetime_points_redeemed,
                                total_spent_minor, visits_count, last_visit_at, tier, sequence, state)
  select id, balance, total, coalesce(redeemed, 0), spent, visits, case when bought is not null then at end, tier,
         1 + num_nonnulls(bought_again, redeemed),
         jsonb_build_object('programme_version', 1, 'member_since', ${inJson('first_at')}, 'active_at', ${inJson('at')},
           'lots', case when balance = 0 then '[]' else jsonb_build_array(jsonb_build_object('points', balance, 'expires_at', null)) end,
           'tier_since', case when tier <> first_tier then ${inJson('at')}
                              when tier <> '${PROGRAMME.tiers[0].tier}' then ${inJson('first_at')} end,
           'activity', case when bought is null then '[]'
             when bought_again is null or ${monthOf('first_at')} = ${monthOf('at')} then jsonb_build_array(jsonb_build_object(
               'month', ${monthOf('at')}, 'spend_minor', spent, 'visits', visits, 'points', total))
             else jsonb_build_array(
               jsonb_build_object('month', ${monthOf('first_at')}, 'spend_minor', bought, 'visits', 1, 'points', earned),
               jsonb_build_object('month', ${monthOf('at')}, 'spend_minor', bought_again, 'visits', 1, 'points', earned_again)) end)
    from moved cross join lateral (select total - coalesce(redeemed, 0) as balance) as left_over
   order by n`;

/** Why a line is what it is; `tier` is the one held before it. */
const explained = (tier: string) =>
  `json_build_object('programme_version', 1, 'tier', ${tier}, 'multiplier_bp', ${multiplierOf(tier)})`;

const TRANSACTIONS = `
  insert into loyalty_transactions (id, customer_id, idempotency_key, fingerprint, type, status, points, amount_minor, currency,
                                    balance_after, tier_after, sequence, accepted_from, occurred_at, accepted_at, applied_at, explanation)
  select overlay(md5('seed' || n || line.nr)::text placing '7' from 13 for 1)::uuid, id, 'seed-' || line.nr, '', line.type, 'applied',
         line.points, line.amount, case when line.amount is not null then 'EUR' end, line.balance, line.tier, line.nr, 'seed',
         -- The latest purchase is the one the account knows.
         line.at, line.at, line.at, line.why
    from moved cross join lateral (values
      (1, 'earn', earned, bought, earned, first_tier, first_at,
       case when bought is null then '{"programme_version":1}'::json else ${explained(`'${PROGRAMME.tiers[0].tier}'`)} end),
      (2, 'earn', earned_again, bought_again, total, tier, at, ${explained('first_tier')}),
      (2 + (bought_again is not null)::int, 'redeem', redeemed, null, total - redeemed, tier, at, '{"programme_version":1}')
    ) as line (nr, type, points, amount, balance, tier, at, why)
   where line.points is not null and (line.type = 'redeem' or line.nr = 1 or bought_again is not null)
   order by n, line.nr`;

const TIER_CHANGES = `
  insert into loyalty_tier_changes (customer_id, sequence, at, from_tier, to_tier, reason)
  select id, change.sequence, change.at, change.from_tier, change.to_tier, 'activity'
    from moved cross join lateral (values
      (1, first_at, '${PROGRAMME.tiers[0].tier}', first_tier), (2, at, first_tier, tier)) as change (sequence, at, from_tier, to_tier)
   where change.from_tier <> change.to_tier order by n, change.sequence`;

const WORDS = `
  insert into name_words
  select distinct string_to_table(words(name), ' ') from (select first_name as name from people union select last_name from people) as names
  on conflict do nothing`;

const DONE = 'drop table people, moved';

/** In this order, for each batch; the first takes how many there will be in all, the first number and the last. */
export const SEED_STEPS = [PEOPLE, CUSTOMERS, LEDGER, ACCOUNTS, TRANSACTIONS, TIER_CHANGES, WORDS, DONE] as const;
