// Records that may be of one person, side by side, and two made one.

import type { DuplicatePair, DuplicateRecord } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { Fault } from '../faults.tsx';
import { day, name, words } from '../format.ts';
import { Page } from '../parts/page.tsx';
import { linkTo } from '../router.ts';
import { useSession } from '../session.ts';
import { useList } from '../use-list.ts';
import { MergeDialog } from './merge-dialog.tsx';

export function DuplicatesPage() {
  const { client } = useSession();
  const [done, setDone] = useState({ count: 0, text: '', kept: '' });
  const [merging, setMerging] = useState<DuplicatePair>();
  const { items, isPart, busy, fault, more, reload } = useList(
    async (cursor, signal) => {
      const query = { limit: 10, ...(cursor && { cursor }) };
      return (await client.request('GET /customers/duplicates', { query, ...(signal && { signal }) })).body;
    },
    [done.count],
  );
  return (
    <Page title="Duplicates">
      <div role="status">
        {done.text && (
          <div class="notice ok">
            {done.text} <a href={linkTo('customers', done.kept)}>Open the record</a>
          </div>
        )}
      </div>
      <Fault of={fault} onRetry={reload} />
      {items?.length === 0 && !isPart && <p class="quiet">Nobody seems to be here twice.</p>}
      {items?.map((pair) => (
        <Pair key={keyOf(pair)} pair={pair} onMerge={() => setMerging(pair)} />
      ))}
      {isPart && (
        <button type="button" disabled={busy} onClick={more}>
          Show more
        </button>
      )}
      {busy && items === undefined && <p class="quiet">Looking …</p>}
      {merging && (
        <MergeDialog
          pair={merging}
          onClose={() => setMerging(undefined)}
          onDone={(text, kept) => {
            setMerging(undefined);
            setDone(({ count }) => ({ count: count + 1, text, kept }));
          }}
        />
      )}
    </Page>
  );
}

const keyOf = ({ customers }: DuplicatePair) => customers.map(({ id }) => id).join(' ');
export const titleOf = ({ first_name, last_name }: DuplicateRecord) => `${first_name} ${last_name}`;

const FACTS: readonly (readonly [name: string, value: (record: DuplicateRecord) => string])[] = [
  ['Name', titleOf],
  ['Email', ({ email, alternate_email }) => [email, alternate_email].filter(Boolean).join(', ')],
  ['Phone', ({ phone, alternate_phone }) => [phone, alternate_phone].filter(Boolean).join(', ')],
  ['Born', ({ date_of_birth }) => (date_of_birth === null ? '' : day(date_of_birth))],
  // They come as they are compared: without capitals.
  ['Cities', ({ cities }) => cities.map(name).join(', ')],
  ['Since', ({ created_at }) => day(created_at)],
];

function Pair({ pair, onMerge }: { pair: DuplicatePair; onMerge(): void }) {
  const { customers, reasons, score } = pair;
  const names = customers.map(titleOf).join(' and ');
  return (
    <section class="card" aria-label={names}>
      <h2>
        {words(reasons.join(', '))} <span class="quiet">{score} of 100</span>
      </h2>
      <div class="scroll">
        <table>
          <caption class="hidden">{names}</caption>
          <thead>
            <tr>
              <td />
              {customers.map((record, index) => (
                <th scope="col" key={record.id}>
                  <a href={linkTo('customers', record.id)}>{index === 0 ? 'The newer record' : 'The older record'}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {FACTS.filter(([, value]) => customers.some((record) => value(record) !== '')).map(([name, value]) => (
              <tr key={name}>
                <th scope="row" class="quiet">
                  {name}
                </th>
                {customers.map((record) => (
                  <td key={record.id}>{value(record)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <button type="button" aria-label={`Merge ${names}`} onClick={onMerge}>
        Merge …
      </button>
    </section>
  );
}
