// The SQL that makes a ledger long: regulars who earn a bonus and redeem a part of it, again and again through the last
// three months. As in life, lines come in the order of time, so that those of one customer lie far apart. Follows the
// programme's rules and chains the hashes, so that the audit agrees. Knows no connection.

/** Lines of one regular, unless all customers are regulars and each must have more. */
const EACH = 100;
const DAYS = 90;
const [BONUS, REDEEMED] = [50, 20];

/** Those of every `step`th customer who were last here before; takes step, and how many there may be. */
const REGULARS = `
  create temporary table lines as
  select customer_id, points_balance as balance, sequence, tier, null::text as hash, random() as chance,
         null::uuid as id, null::timestamptz as at
    from customers join loyalty_accounts on customer_id = id
   where substr(external_id, 6)::int % ? = 0 and (state ->> 'active_at')::timestamptz < now() - interval '${DAYS} days'
   limit ?`;

/** The next line of each, with its hash (store/ledger-hash.ts); takes the part of the time that has gone before it, twice. */
const nextLines = (type: string, points: number) => `
  create temporary table next_lines as
  select customer_id, balance, sequence, tier, chance, id, at, encode(sha256(convert_to(concat_ws('|', coalesce(hash, 'null'), id,
           customer_id, sequence, '${type}', 'applied', ${points}, balance, 'null', at_text, '{"programme_version":1}',
           'null', 'null', 'null', at_text, ''), 'UTF8')), 'hex') as hash
    from (select customer_id, hash, tier, chance, balance + ${type === 'earn' ? points : -points} as balance, sequence + 1 as sequence,
                 date_trunc('milliseconds', now() - interval '${DAYS} days' * (1 - (?::float8 + chance * ?::float8))) as at from lines) as next
   cross join lateral (select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at_text,
     (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(customer_id::text || sequence), 1, 3)
       || '8' || substr(md5(customer_id::text || sequence), 4, 15))::uuid as id) as made`;

const insertLines = (type: string, points: number) => `
  insert into loyalty_transactions (id, customer_id, idempotency_key, fingerprint, type, status, points, balance_after, tier_after,
                                    sequence, accepted_from, occurred_at, accepted_at, applied_at, explanation, hash)
  select id, customer_id, 'seed-' || sequence, sha256(id::text::bytea), '${type}', 'applied', ${points}, balance, tier, sequence, 'seed',
         at, at, at, '{"programme_version":1}', decode(hash, 'hex') from next_lines order by at`;

const TURN = 'drop table lines; alter table next_lines rename to lines';

/** Takes how many lines of each kind everybody got, and of the last round who was left out of it. */
const ACCOUNTS = `
  update loyalty_accounts a
     set points_balance = balance, sequence = l.sequence, ledger_hash = decode(hash, 'hex'),
         lifetime_points_earned = lifetime_points_earned + ${BONUS} * ?, lifetime_points_redeemed = lifetime_points_redeemed + ${REDEEMED} * ?,
         state = state || jsonb_build_object('active_at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'lots', jsonb_build_array(jsonb_build_object('points', balance, 'expires_at', null)))
    from lines l where a.customer_id = l.customer_id`;

/** A statement with what its placeholders are. */
export type SeedStep = [sql: string, bindings: number[]];

/**
 * What makes about `missing` lines more, of which the last statement drops the tools.
 * @param regulars how many of the customers there are to be regulars, found by the first statement
 */
export const findRegulars = (customers: number, missing: number): SeedStep => {
  const wanted = Math.ceil(missing / EACH);
  return [REGULARS, [Math.max(1, Math.floor((customers * 0.6) / wanted)), wanted]];
};

/** @param regulars as many as `findRegulars` found */
export function* regularSteps(regulars: number, missing: number): Generator<SeedStep> {
  const rounds = Math.ceil(missing / regulars);
  for (let round = 0; round < rounds; round += 1) {
    const [type, points] = round % 2 === 0 ? (['earn', BONUS] as const) : (['redeem', REDEEMED] as const);
    yield [nextLines(type, points), [round / rounds, 1 / rounds]];
    yield [insertLines(type, points), []];
    yield [TURN, []];
  }
  yield [ACCOUNTS, [Math.ceil(rounds / 2), Math.floor(rounds / 2)]];
  yield ['drop table lines', []];
}
