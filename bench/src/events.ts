// What tills post, the same for everybody who is measured: four purchases to one redemption, customers by chance. The same
// arguments give the same events, in whatever process.

export interface Event {
  /** From 0; the index of a customer. */
  customer: number;
  type: 'earn' | 'redeem';
  /** Of a purchase, in cents; a cent in a hundred is a point in the ledgers of the contenders. */
  amount_minor: number | null;
  /** Of a redemption. */
  points: number | null;
  /** Different from every other of the run. */
  key: string;
}

export interface EventsOf {
  count: number;
  customers: number;
  /** What tells one lot of events from another: who posts them, in which round. */
  lot: string;
}

export function makeEvents({ count, customers, lot }: EventsOf): Event[] {
  const chance = chanceOf(lot);
  // Fit for a header, and for an array of PostgreSQL without quotes.
  const prefix = lot.replace(/[^\w-]+/g, '-');
  return Array.from({ length: count }, (_, index): Event => {
    const customer = Math.floor(chance() * customers);
    const key = `${prefix}-${index}`;
    if (chance() < 0.2) {
      return { customer, type: 'redeem', amount_minor: null, points: 1 + Math.floor(chance() * 50), key };
    }
    return { customer, type: 'earn', amount_minor: 500 + Math.floor(chance() * 15_000), points: null, key };
  });
}

/** Numbers from 0 to 1 that look like chance and are the same for the same text (mulberry32). */
function chanceOf(text: string): () => number {
  let state = 0;
  for (const letter of text) state = (Math.imul(state, 31) + letter.charCodeAt(0)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
