// The load, as suites ask for it.

import jwt from 'jsonwebtoken';
import { type Program, startServing } from './child.ts';
import type { Load, LoadAnswer } from './load.ts';
import { SECRET, type Services } from './services.ts';

export interface Loader {
  /** @throws Error when a request was not accepted, with the statuses that came instead */
  load(asked: Omit<Load, 'token'>): Promise<LoadAnswer>;
  /** The same, with answers of any status: whoever asks looks at them. */
  tryLoad(asked: Omit<Load, 'token'>): Promise<LoadAnswer>;
  stop: Program['stop'];
}

export function tokenFor(role: string): string {
  return jwt.sign({ sub: `bench-${role}`, role }, SECRET, { algorithm: 'HS256', expiresIn: '1d' });
}

export async function startLoader(services: Services): Promise<Loader> {
  const program = await startServing(services, 'load.ts');
  const token = tokenFor('service');
  const tryLoad: Loader['tryLoad'] = (asked) => program.ask<LoadAnswer>('load', { ...asked, token });
  return {
    stop: program.stop,
    tryLoad,
    load: async (asked) => {
      const answer = await tryLoad(asked);
      if (answer.accepted === asked.events.count) return answer;
      const { accepted, statuses, refusal } = answer;
      throw new Error(
        `${accepted} of ${asked.events.count} events were accepted: ${JSON.stringify(statuses)} ${refusal}`,
      );
    },
  };
}
