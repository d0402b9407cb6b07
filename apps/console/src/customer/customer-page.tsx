// One customer: who it is, what to mind, the points and how they came about, and what the person at the desk may do.

import type { Customer, LoyaltyBalance } from '@customer-service/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { minute } from '../format.ts';
import { Answered, Page } from '../parts/page.tsx';
import { replacePlace } from '../router.ts';
import { useSession } from '../session.ts';
import { useAnswer } from '../use-answer.ts';
import { Account } from './account.tsx';
import { Actions } from './actions.tsx';
import { Allergies } from './allergies.tsx';
import { History } from './history.tsx';
import { Lots } from './lots.tsx';
import { Profile } from './profile.tsx';

/** Points may come from a till while the page is open. */
const WATCHED_EVERY_MS = 3_000;

export function CustomerPage({ id }: { id: string }) {
  const { client, may } = useSession();
  /** What the last thing done came to, and how many there were: everything below is read anew with each. */
  const [done, setDone] = useState({ count: 0, text: '' });
  const customer = useAnswer((signal) => client.customers.get(id, { signal }), [id, done.count]);
  const balance = useAnswer((signal) => client.loyalty.balance(id, { signal }), [id, done.count]);
  const known = useRef<string | undefined>(undefined);
  known.current = balance.answer && pointsOf(balance.answer);
  useEffect(() => {
    const look = async () => {
      if (document.visibilityState !== 'visible' || known.current === undefined) return;
      const now = await client.loyalty.balance(id).catch(() => undefined);
      if (now === undefined || known.current === undefined || pointsOf(now) === known.current) return;
      setDone((before) => ({ ...before, count: before.count + 1 }));
    };
    const timer = setInterval(() => void look(), WATCHED_EVERY_MS);
    return () => clearInterval(timer);
  }, [id]);
  const finish = (text: string) => setDone(({ count }) => ({ count: count + 1, text }));

  const current = customer.answer?.id;
  useEffect(() => {
    // Another record was merged with this one, and lives on under its own id.
    if (current !== undefined && current !== id) replacePlace('customers', current);
  }, [current]);

  return (
    <Page
      title={customer.answer ? nameOf(customer.answer) : 'Customer'}
      aside={customer.answer?.status !== 'active' && <span class="badge warn">{customer.answer?.status}</span>}
    >
      <div role="status">{done.text && <div class="notice ok">{done.text}</div>}</div>
      <Answered asked={customer}>
        {(found) => (
          <>
            <Allergies preferences={found.preferences} />
            {may('loyalty:read') && (
              <Answered asked={balance}>
                {(loyalty) => (
                  <>
                    <Account balance={loyalty} />
                    <Actions customer={found} balance={loyalty} onDone={finish} />
                  </>
                )}
              </Answered>
            )}
            <div class="columns">
              <Profile customer={found} />
              {may('loyalty:read') && <Lots id={id} turn={done.count} />}
            </div>
            {may('loyalty:read') && <History customer={found} turn={done.count} onDone={finish} />}
            <p class="quiet">
              Known since {minute(found.created_at)}, last changed {minute(found.updated_at)}. Id {found.id}
            </p>
          </>
        )}
      </Answered>
    </Page>
  );
}

/** Differs whenever points have moved. */
const pointsOf = ({ points_available, points_pending, lifetime }: LoyaltyBalance) =>
  [points_available, points_pending, ...Object.values(lifetime)].join(' ');

export const nameOf = ({ first_name, last_name }: Pick<Customer, 'first_name' | 'last_name'>) =>
  `${first_name} ${last_name}`;
