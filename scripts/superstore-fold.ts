// What every Superstore customer must hold in the end, worked out a second time from the raw lines alone.
// It must not import anything: a rule shared with the service, or an order grouped by the replay's own code, would agree
// with itself however wrong it is. Hence the plain manner: sort, walk, add up, in whole numbers only.

export interface FoldLine {
  customer_id: string;
  order_id: string;
  order_date: string;
  sales: string;
}

export interface Expected {
  total_spent_minor: number;
  visits_count: number;
  points_available: number;
  tier: string;
}

// Highest first. Spend in cents, multiplier in tenths.
const tiers = [
  { tier: 'diamond', spent: 1_000_000, visits: 100, tenths: 25 },
  { tier: 'platinum', spent: 500_000, visits: 50, tenths: 20 },
  { tier: 'gold', spent: 200_000, visits: 25, tenths: 15 },
  { tier: 'silver', spent: 50_000, visits: 10, tenths: 12 },
  { tier: 'bronze', spent: 0, visits: 0, tenths: 10 },
];

/**
 * The expected account of every customer, by external id, after all their orders in date order (ties by order id).
 * `lines` may come in any order. Nothing expires and nothing is redeemed: a purchase is the only thing that happens.
 */
export function foldSuperstore(lines: FoldLine[]): Map<string, Expected> {
  const sorted = lines.toSorted(byOrder);
  const accounts = new Map<string, Expected>();
  let order_total = 0;
  for (const [index, line] of sorted.entries()) {
    order_total += tenThousandths(line.sales);
    const next = sorted[index + 1];
    if (next !== undefined && orderKey(next) === orderKey(line)) continue;
    const before = accounts.get(line.customer_id);
    accounts.set(line.customer_id, afterPurchase(before, wholeTimes(order_total + 50, 100)));
    order_total = 0;
  }
  return accounts;
}

// A space sorts before everything an id or a date contains, so the joined text sorts as its parts do.
function orderKey(line: FoldLine): string {
  return [line.customer_id, line.order_date, line.order_id].join(' ');
}

function byOrder(a: FoldLine, b: FoldLine): number {
  if (orderKey(a) === orderKey(b)) return 0;
  return orderKey(a) < orderKey(b) ? -1 : 1;
}

function afterPurchase(before: Expected | undefined, cents: number): Expected {
  const { total_spent_minor, visits_count, points_available } = before ?? emptyAccount;
  const held = tierAt(total_spent_minor, visits_count);
  const spent = total_spent_minor + cents;
  const visits = visits_count + 1;
  return {
    total_spent_minor: spent,
    visits_count: visits,
    // Cents × tenths: a thousand of them are one point.
    points_available: points_available + wholeTimes(cents * held.tenths, 1000),
    tier: tierAt(spent, visits).tier,
  };
}

const emptyAccount = { total_spent_minor: 0, visits_count: 0, points_available: 0 };

function tierAt(spent: number, visits: number): (typeof tiers)[number] {
  const reached = tiers.find((tier) => spent >= tier.spent || visits >= tier.visits);
  if (reached === undefined) throw new Error(`No tier for a spend of ${spent} cents`);
  return reached;
}

// "261.96" → 2619600: the text on either side of the point is a whole number, and no fraction is ever formed.
function tenThousandths(sales: string): number {
  if (!/^\d{1,11}(\.\d{1,4})?$/.test(sales)) throw new Error(`Can't fold sales of "${sales}"`);
  const [units = '', decimals = ''] = sales.split('.');
  return Number(units) * 10_000 + Number(decimals.padEnd(4, '0'));
}

// How many whole times `part` goes into `amount`. Division would go through a fraction; the remainder is exact.
function wholeTimes(amount: number, part: number): number {
  return (amount - (amount % part)) / part;
}
