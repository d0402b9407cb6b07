// Which points lapse when: the lots that are left, the soonest first.

import { day, number } from '../format.ts';
import { Answered } from '../parts/page.tsx';
import { useSession } from '../session.ts';
import { useAnswer } from '../use-answer.ts';

export function Lots({ id, turn }: { id: string; turn: number }) {
  const { client } = useSession();
  const asked = useAnswer((signal) => client.loyalty.expirations(id, { signal }), [id, turn]);
  return (
    <section class="card" aria-labelledby="lots">
      <h2 id="lots">Points and when they lapse</h2>
      <Answered asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="quiet">No points.</p>
          ) : (
            <table>
              <thead>
                <tr>
                  <th scope="col">Lapse</th>
                  <th scope="col" class="right">
                    Points
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map(({ expires_at, points }) => (
                  <tr key={expires_at}>
                    <td>{expires_at === null ? 'Never' : day(expires_at)}</td>
                    <td class="right">{number(points)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Answered>
    </section>
  );
}
