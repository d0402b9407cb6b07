// Proves all the time that accounts agree with their ledgers, a page after another and then from the start again, in a
// small part of the time of one connection. It mends nothing: somebody is told (docs/operations.md).

import { setTimeout as pause } from 'node:timers/promises';
import type { Log, ReconcileMetrics } from '@customer-service/runtime';
import { auditPage, type Database, isStorageFault, saveReconciliation } from '@customer-service/store';

const ACCOUNTS = 200;
const EVERY_MS = 1_000;
/** At least so many times as long as a page took, so that it takes one part in fifty of the time. */
const REST = 50;
/** And no longer: where pages are slow, because others use the machine, a mismatch is still told of within minutes. */
const MAX_REST_MS = 10_000;
/** Differences a round tells of in the log; the metric has them all. */
const TOLD = 20;
/** A round that found much the same as the last one is kept so often at the most: few accounts are compared in a second. */
const KEPT_EVERY_MS = 600_000;

export interface Reconciling {
  /** Resolves when the page under way is done. */
  stop(): Promise<void>;
}

export function startReconciling(db: Database, metrics: ReconcileMetrics, log: Log): Reconciling {
  const stopping = new AbortController();
  let after: string | null = null;
  let mismatched = new Set<string>();
  let in_last_round = 0;
  let accounts = 0;
  let began = performance.now();
  let keepAt = 0;
  let kept_accounts = 0;

  async function endRound(): Promise<void> {
    const found = { accounts, differences: mismatched.size, duration_ms: Math.round(performance.now() - began) };
    const news = found.differences !== in_last_round || found.accounts > 2 * kept_accounts;
    in_last_round = found.differences;
    mismatched = new Set();
    accounts = 0;
    began = performance.now();
    metrics.compared(0, in_last_round);
    metrics.completed();
    if (!news && Date.now() < keepAt) return;
    keepAt = Date.now() + KEPT_EVERY_MS;
    kept_accounts = found.accounts;
    await saveReconciliation(db, { ...found, asked_by: 'worker' });
  }

  async function compareSome(): Promise<void> {
    const page = await auditPage(db, { after, limit: ACCOUNTS });
    for (const { customer_id, field, sequence } of page.differences) {
      if (!mismatched.has(customer_id) && mismatched.size < TOLD)
        log.error({ customer_id, field, sequence }, 'an account does not agree with its ledger');
      mismatched.add(customer_id);
    }
    accounts += page.accounts;
    metrics.compared(page.accounts, Math.max(in_last_round, mismatched.size));
    after = page.last;
    if (after === null) await endRound();
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const started = performance.now();
      await compareSome().catch((error) =>
        log[isStorageFault(error) ? 'warn' : 'error']({ error: error.message }, 'reconciling'),
      );
      const rest = Math.min(Math.max(EVERY_MS, (performance.now() - started) * REST), MAX_REST_MS);
      await pause(rest, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
