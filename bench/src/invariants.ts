// What must hold after every turn of everybody, or no figure counts: Σ applied points = balances, none negative, the
// accepted order kept for each customer, none lost, none doubled. Read from the tables by plain SQL that shares no code
// with the service.

import { EFFECTS } from '@customer-service/domain';
import type pg from 'pg';

/** How somebody's tables say it: two queries of the same shape for all, so that all are held to the same. */
export interface Books {
  /** `customer`, `balance` */
  balances: string;
  /**
   * A row a decided event: `event` (what tells it from others), `customer`, `accepted` and `applied` (numbers that grow in
   * the order of acceptance and of application), `points` (signed; 0 of a refusal), `balance_after`.
   */
  lines: string;
  /** Whether a customer's events are promised to be applied in the order in which they were accepted. */
  ordered: boolean;
}

const effects = Object.entries(EFFECTS).map(([type, effect]) => `when '${type}' then ${effect}`);

/** Of the service. Lines that the ledger adds by itself (what lapses) were posted by nobody. */
export const OUR_BOOKS: Books = {
  balances: 'select customer_id as customer, points_balance as balance from loyalty_accounts',
  lines: `select customer_id || ' ' || idempotency_key as event, customer_id as customer, position as accepted,
                 sequence as applied, balance_after,
                 case when status = 'applied' then points * case type ${effects.join(' ')} end else 0 end as points
            from loyalty_transactions where status in ('applied', 'rejected') and accepted_from <> 'ledger'`,
  ordered: true,
};

export class BrokenBooks extends Error {
  constructor(whose: string, breaches: readonly string[]) {
    super(`The invariants do not hold for ${whose}:\n${breaches.map((breach) => `- ${breach}`).join('\n')}`);
  }
}

/** [what is wrong with what is found, a query for `which`]. */
type Check = [string, string];

/** `l` are the lines, `b` the balances. Each line has to follow from the one before: what went in twice shows there. */
const CHECKS: Check[] = [
  [
    'a balance that is not the sum of the applied points',
    `select b.customer as which from b left join (select customer, sum(points) as points from l group by 1) s using (customer)
      where b.balance <> coalesce(s.points, 0)`,
  ],
  ['a negative balance', 'select customer as which from b where balance < 0'],
  ['a balance that was negative after a line', 'select customer as which from l where balance_after < 0'],
  ['an event that was applied more than once', 'select event as which from l group by event having count(*) > 1'],
  ['a line of no known customer', 'select customer as which from l where customer not in (select customer from b)'],
  [
    'a line that does not follow from the one before it',
    `select customer as which from (
       select customer, points, balance_after, lag(balance_after, 1, 0::bigint) over w as before
         from l window w as (partition by customer order by applied)) as lines
      where balance_after <> before + points`,
  ],
];
const ORDER: Check = [
  'a line that was applied before one that had been accepted earlier',
  `select customer as which from (
     select customer, accepted, lag(accepted) over (partition by customer order by applied) as before from l) as lines
    where accepted < before`,
];

type Queries = Pick<pg.Pool, 'query'>;

/**
 * Compares the books with themselves and with what was posted.
 * @param posted different events that were accepted so far, as whoever posted them has counted
 * @returns what is wrong, a sentence each; nothing when all is well
 */
export async function breachesOf(db: Queries, books: Books, posted: number): Promise<string[]> {
  const checks = books.ordered ? [...CHECKS, ORDER] : CHECKS;
  const found = checks.map(
    (check, index) =>
      `select ${index} as check, count(*)::int as count, min(which::text) as first from (${check[1]}) as found`,
  );
  const { rows } = await db.query<{ check: number; count: number; first: string | null }>(
    `with l as materialized (${books.lines}), b as materialized (${books.balances})
     select -1 as check, count(*)::int as count, null as first from l union all ${found.join(' union all ')}`,
  );
  return rows.flatMap(({ check, count, first }) => {
    if (check === -1) return count === posted ? [] : [amiss(posted, count)];
    return count === 0 ? [] : [`${count} × ${checks[check]?.[0]}; the first: ${first}`];
  });
}

function amiss(posted: number, found: number): string {
  return found < posted
    ? `${posted - found} of ${posted} accepted events are lost: ${found} have been decided`
    : `${found - posted} events more have been decided than the ${posted} that were accepted`;
}

/** @throws BrokenBooks */
export async function checkBooks(
  db: Queries,
  whose: string,
  { books, posted }: { books: Books; posted: number },
): Promise<void> {
  const breaches = await breachesOf(db, books, posted);
  if (breaches.length > 0) throw new BrokenBooks(whose, breaches);
}
