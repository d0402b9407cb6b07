// The oracle of events: asks PostgreSQL whether each decided line of the ledger has been told of exactly once, in order,
// and whether every customer's events are numbered without a gap.

import { type Database, publishEvents } from '@customer-service/store';

/** For whoever has no worker. */
export async function publishAll(db: Database): Promise<void> {
  while ((await publishEvents(db)) > 0);
}

/** What is wrong with the events, in a few lines; all must be published. */
export async function eventFaults(db: Database): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { fault: string }[] }>(`
    with lines as (
      select t.id, t.customer_id, t.status, t.sequence, e.type, e.sequence as told,
             count(e.id) over (partition by t.id) as times,
             e.sequence < max(e.sequence) over (partition by t.customer_id order by t.sequence) as late
        from loyalty_transactions t
        left join events e on e.transaction_id = t.id and e.type like 'loyalty.transaction.%'
       where t.status in ('applied', 'rejected')
    )
    select format('%s line %s: %s events', status, id, times) as fault from lines where times <> 1
    union all
    select format('%s line %s is told as %s', status, id, type) from lines where type <> 'loyalty.transaction.' || status
    union all
    select format('line %s of %s is told after a later one', sequence, customer_id) from lines where late
    union all
    select format('event %s is of no decided line', e.id) from events e
      left join loyalty_transactions t on t.id = e.transaction_id and t.customer_id = e.customer_id and t.status in ('applied', 'rejected')
     where e.transaction_id is not null and t.id is null
    union all
    select format('customer %s has %s events, numbered %s to %s, the last by %s', customer_id, count(*), min(e.sequence), max(e.sequence), s.sequence)
      from events e full join event_sequences s using (customer_id) group by customer_id, s.sequence
    having count(e.id) <> max(e.sequence) or min(e.sequence) <> 1 or s.sequence is distinct from max(e.sequence)
    union all
    select format('event %s comes before %s of the same customer', id, before)
      from (select id, lag(id) over (partition by customer_id order by sequence) as before from events) as fed where id < before
    limit 10`);
  return rows.map(({ fault }) => fault);
}
