// Asking the service from a component: what is read, again when the network is back, and what is sent, once at a time.

import { AuthenticationError } from '@customer-service/client';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useSession } from './session.ts';

export interface Asked<Answer> {
  /** The last one there was, also while the next is under way. */
  answer: Answer | undefined;
  fault: unknown;
  busy: boolean;
  reload(): void;
}

const OVER = 'The token is over or no longer accepted. Sign in again to go on.';

/** @param inputs what `load` depends on; another value asks again */
export function useAnswer<Answer>(
  load: (signal: AbortSignal) => Promise<Answer>,
  inputs: readonly unknown[] = [],
): Asked<Answer> {
  const { end } = useSession();
  const [state, setState] = useState<{ answer?: Answer; fault?: unknown; busy: boolean }>({ busy: true });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const ask = async (signal: AbortSignal) => {
    setState(({ answer }) => ({ ...(answer !== undefined && { answer }), busy: true }));
    try {
      const answer = await load(signal);
      if (!signal.aborted) setState({ answer, busy: false });
    } catch (fault) {
      if (signal.aborted) return;
      if (fault instanceof AuthenticationError) return end(OVER);
      setState((before) => ({ ...before, fault, busy: false }));
    }
  };
  useEffect(() => {
    const controller = new AbortController();
    void ask(controller.signal);
    return () => controller.abort();
  }, [...inputs, turn]);

  const failed = state.fault !== undefined;
  useEffect(() => {
    if (!failed) return;
    addEventListener('online', reload);
    return () => removeEventListener('online', reload);
  }, [failed]);
  return { answer: state.answer, fault: state.fault, busy: state.busy, reload };
}

export interface Sending<Given extends unknown[], Answer> {
  busy: boolean;
  fault: unknown;
  /** @returns undefined when it failed, or is under way already */
  send(...given: Given): Promise<Answer | undefined>;
}

export function useSend<Given extends unknown[], Answer>(
  action: (...given: Given) => Promise<Answer>,
): Sending<Given, Answer> {
  const { end } = useSession();
  const [state, setState] = useState<{ busy: boolean; fault?: unknown }>({ busy: false });
  /** Beside the state, which a second click in the same moment does not see yet. */
  const underWay = useRef(false);
  const send = async (...given: Given) => {
    if (underWay.current) return undefined;
    underWay.current = true;
    setState({ busy: true });
    try {
      const answer = await action(...given);
      setState({ busy: false });
      return answer;
    } catch (fault) {
      if (fault instanceof AuthenticationError) end(OVER);
      else setState({ busy: false, fault });
      return undefined;
    } finally {
      underWay.current = false;
    }
  };
  return { busy: state.busy, fault: state.fault, send };
}
