// How this process talks to those it starts beside the service: it asks for something by name and waits for the answer.

import { announceReady } from '@customer-service/runtime';
import type { App, Services } from './services.ts';

type Handlers = Record<string, (asked: never) => Promise<unknown>>;

interface Asked {
  id: number;
  name: string;
  asked: unknown;
}
interface Answered {
  id: number;
  answer?: unknown;
  fault?: string;
}

/** The end of a program that was started: answers what is asked, and ends with whoever started it. */
export function serve(handlers: Handlers, url?: string): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ id, name, asked }: Asked) => {
    const handler = handlers[name] as (asked: unknown) => Promise<unknown>;
    handler(asked).then(
      (answer) => process.send?.({ id, answer } satisfies Answered),
      (error: Error) => process.send?.({ id, fault: error.stack ?? error.message } satisfies Answered),
    );
  });
  announceReady(url === undefined ? {} : { url });
}

export interface Program extends App {
  /** @throws Error with the fault that it met, or that it has ended */
  ask<Answer>(name: string, asked?: unknown): Promise<Answer>;
}

/** Starts a program of this workspace that calls `serve`. */
export async function startServing(
  services: Services,
  file: string,
  environment: Record<string, string> = {},
): Promise<Program> {
  const app = await services.startProgram(file, environment);
  const waiting = new Map<number, (answered: Answered) => void>();
  let asked_so_far = 0;
  app.child.on('message', (answered: Answered) => {
    waiting.get(answered.id)?.(answered);
    waiting.delete(answered.id);
  });
  app.child.once('exit', () => {
    for (const [id, answer] of waiting) answer({ id, fault: `${file} has ended` });
  });
  const ask = <Answer>(name: string, asked: unknown = null) =>
    new Promise<Answer>((resolve, reject) => {
      asked_so_far += 1;
      const id = asked_so_far;
      waiting.set(id, ({ answer, fault }) =>
        fault === undefined ? resolve(answer as Answer) : reject(new Error(fault)),
      );
      app.child.send({ id, name, asked });
    });
  return { ...app, ask };
}
