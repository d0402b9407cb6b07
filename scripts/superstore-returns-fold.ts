// What every Superstore customer must hold when points lapse after a year and every twentieth order comes back in part.
// Like superstore-fold.ts it must not import anything, and does it the plainest way: each order keeps its own points,
// and everything is looked through again whenever something happens.

export interface FoldOrder {
  external_id: string;
  order_id: string;
  /** YYYY-MM-DD. */
  date: string;
  amount_minor: number;
}

export interface FoldReturn extends FoldOrder {
  /** Of the order that comes back, in part. */
  returned_minor: number;
}

export interface ExpectedWithReturns {
  total_spent_minor: number;
  visits_count: number;
  points_available: number;
  points_expired: number;
  tier: string;
}

interface Bought {
  order_id: string;
  amount: number;
  points: number;
  /** Day number on which the points are gone. */
  gone: number;
  left: number;
}

const days_kept = 365;
// Highest first. Spend in cents, multiplier in tenths.
const tiers = [
  { tier: 'diamond', spent: 1_000_000, visits: 100, tenths: 25 },
  { tier: 'platinum', spent: 500_000, visits: 50, tenths: 20 },
  { tier: 'gold', spent: 200_000, visits: 25, tenths: 15 },
  { tier: 'silver', spent: 50_000, visits: 10, tenths: 12 },
  { tier: 'bronze', spent: 0, visits: 0, tenths: 10 },
];

const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;

/** @param events of all customers, in the order in which they happen; returns name the order they are of */
export function foldWithReturns(
  events: (FoldOrder | FoldReturn)[],
  last_date: string,
): Map<string, ExpectedWithReturns> {
  const accounts = new Map<string, { spent: number; visits: number; expired: number; bought: Bought[] }>();
  for (const event of events) {
    const account = accounts.get(event.external_id) ?? { spent: 0, visits: 0, expired: 0, bought: [] };
    accounts.set(event.external_id, account);
    lapse(account, dayOf(event.date));
    if ('returned_minor' in event) takeBack(account, event);
    else buy(account, event);
  }
  const result = new Map<string, ExpectedWithReturns>();
  for (const [external_id, account] of accounts) {
    lapse(account, dayOf(last_date));
    result.set(external_id, {
      total_spent_minor: account.spent,
      visits_count: account.visits,
      points_available: account.bought.reduce((sum, order) => sum + order.left, 0),
      points_expired: account.expired,
      tier: tierAt(account.spent, account.visits).tier,
    });
  }
  return result;
}

function lapse(account: { expired: number; bought: Bought[] }, day: number): void {
  for (const order of account.bought) {
    if (order.gone > day) continue;
    account.expired += order.left;
    order.left = 0;
  }
}

function buy(account: { spent: number; visits: number; bought: Bought[] }, event: FoldOrder): void {
  const { tenths } = tierAt(account.spent, account.visits);
  const points = Math.floor((event.amount_minor * tenths) / 1_000);
  const gone = dayOf(event.date) + days_kept + 1;
  account.bought.push({ order_id: event.order_id, amount: event.amount_minor, points, gone, left: points });
  account.spent += event.amount_minor;
  account.visits += 1;
}

/** The order's own points first, then those that are gone the soonest; what was spent already is forgiven. */
function takeBack(account: { spent: number; bought: Bought[] }, event: FoldReturn): void {
  const own = account.bought.find((order) => order.order_id === event.order_id);
  if (own === undefined) throw new Error(`No order ${event.order_id} to return`);
  let wanted = Math.floor((own.points * event.returned_minor) / own.amount);
  const rest = account.bought.filter((order) => order !== own).toSorted((a, b) => a.gone - b.gone);
  for (const order of [own, ...rest]) {
    const taken = Math.min(wanted, order.left);
    order.left -= taken;
    wanted -= taken;
  }
  account.spent -= event.returned_minor;
}

function tierAt(spent: number, visits: number): (typeof tiers)[number] {
  const reached = tiers.find((tier) => spent >= tier.spent || visits >= tier.visits);
  if (reached === undefined) throw new Error(`No tier for a spend of ${spent} cents`);
  return reached;
}
