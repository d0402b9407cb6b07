// How a process ends: what was opened is closed in reverse order, within a time limit, whoever asked for the end.

import type { Log } from './log.ts';
import { flushTraces } from './trace.ts';

const LIMIT_MS = 10_000;

export interface Shutdown {
  /** Registers what closes something that was just opened. */
  onClose(name: string, close: () => Promise<unknown>): void;
  /** Whether the end has begun: readiness says so, so that nothing new is sent here. */
  isEnding(): boolean;
}

/**
 * Listens for SIGTERM, SIGINT, the end of the parent process (when it forked this one) and for faults nobody caught.
 * Exit code 0 after an orderly end, 1 after a fault or when the limit ran out.
 */
export function createShutdown(log: Log): Shutdown {
  const closers: { name: string; close: () => Promise<unknown> }[] = [{ name: 'traces', close: flushTraces }];
  let ending = false;

  async function end(reason: string, exitCode: number): Promise<void> {
    if (ending) return;
    ending = true;
    log.info({ reason }, 'shutting down');
    setTimeout(() => process.exit(1), LIMIT_MS).unref();
    for (const { name, close } of closers.reverse()) {
      await close().catch((error) => log.error({ error, name }, 'closing failed'));
    }
    process.exit(exitCode);
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal, 0));
  const orphaned = () => void end('the parent process is gone', 0);
  process.on('disconnect', orphaned);
  // It may have gone while this one was loading.
  if (process.send !== undefined && !process.connected) orphaned();
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fault, (error) => {
      // A start that was asked to end finds what it opens closed: no fault of its own.
      log[ending ? 'warn' : 'fatal']({ error }, fault);
      void end(fault, 1);
    });
  }
  return { onClose: (name, close) => closers.push({ name, close }), isEnding: () => ending };
}

/** Tells a parent process that forked this one, if there is one, that it is up. */
export function announceReady(details: Record<string, unknown> = {}): void {
  process.send?.({ ready: true, ...details });
}
