// What the clients remember: what they sent, and what they were promised. The service is held to it.

export interface Movement {
  type: 'earn' | 'redeem' | 'hold';
  points?: number;
  amount_minor?: number;
  currency?: string;
}

/** What is told once a transaction has been decided; it may never be told otherwise. */
export interface Told {
  status: string;
  points: number | null;
  balance_after: number | null;
}

/** One movement under one key, however often it was sent. */
export interface Sent {
  customer_id: string;
  key: string;
  movement: Movement;
  /** When it was sent for the first time, by the one clock of all clients, in ms. */
  sent_at: number;
  /** When the first promise came; null: none did. */
  promised_at: number | null;
  /** Every id that an answer gave it: more than one is a fault. */
  ids: Set<string>;
  told: Told | null;
}

export interface History {
  sent: Sent[];
  /** Requests that went out, with their repetitions; answers that were said to be replayed. */
  requests: number;
  replays: number;
  /** Answers that no client may get: neither what was asked for nor "come again". */
  broken: string[];
  /** How long an answer took in ms, of those that were promises; a sample. */
  latencies: number[];
}

export const newHistory = (): History => ({ sent: [], requests: 0, replays: 0, broken: [], latencies: [] });

export const isPromised = (sent: Sent): boolean => sent.promised_at !== null;

/** Takes note of an answer with the transaction in it. */
export function promised(history: History, sent: Sent, transaction: Partial<Told> & { id: string }): void {
  sent.promised_at ??= performance.now();
  sent.ids.add(transaction.id);
  const { status, points = null, balance_after = null } = transaction;
  if (status !== 'applied' && status !== 'rejected') return;
  const told = { status, points, balance_after };
  if (sent.told === null) sent.told = told;
  else if (JSON.stringify(sent.told) !== JSON.stringify(told)) {
    history.broken.push(`${transaction.id} was ${JSON.stringify(sent.told)} and became ${JSON.stringify(told)}`);
  }
}
