// The programme: the rules of each version in words, and the form that writes the next one.

import type { Programme } from '@customer-service/client';
import { useState } from 'preact/hooks';
import { minute } from '../format.ts';
import { Select } from '../parts/field.tsx';
import { Answered, Page } from '../parts/page.tsx';
import { useSession } from '../session.ts';
import { useAnswer } from '../use-answer.ts';
import { ProgrammeForm } from './programme-form.tsx';
import { Rules } from './rules.tsx';

export function ProgrammePage() {
  const { client, may } = useSession();
  const [editing, setEditing] = useState(false);
  const [done, setDone] = useState({ count: 0, text: '' });
  const asked = useAnswer(
    async (signal) => {
      const { body, headers } = await client.request('GET /loyalty/programme', { signal });
      return { ...body, etag: headers.get('etag') ?? '' };
    },
    [done.count],
  );
  return (
    <Page
      title="Programme"
      aside={
        may('loyalty:configure') &&
        !editing && (
          <button type="button" class="primary" onClick={() => setEditing(true)}>
            Write a new version
          </button>
        )
      }
    >
      <div role="status">{done.text && !editing && <div class="notice ok">{done.text}</div>}</div>
      <Answered asked={asked}>
        {({ current, versions, etag }) =>
          editing ? (
            <ProgrammeForm
              rules={versions.at(-1) ?? current}
              etag={etag}
              onClose={() => setEditing(false)}
              onDone={(text) => {
                setEditing(false);
                setDone(({ count }) => ({ count: count + 1, text }));
              }}
            />
          ) : (
            <Versions key={current.version} current={current} versions={versions} />
          )
        }
      </Answered>
    </Page>
  );
}

function Versions({ current, versions }: { current: Programme; versions: readonly Programme[] }) {
  const [shown, setShown] = useState(String(current.version));
  const options = versions.toReversed().map(({ version, effective_from }): [string, string] => {
    const since = version === 1 ? 'from the beginning' : `from ${minute(effective_from)}`;
    return [String(version), `Version ${version}, ${since}${version === current.version ? ' (in force)' : ''}`];
  });
  const programme = versions.find(({ version }) => String(version) === shown) ?? current;
  return (
    <>
      {versions.length > 1 ? (
        <div class="narrow">
          <Select label="Version" value={shown} onChange={setShown} options={options} />
        </div>
      ) : (
        <p class="quiet">{options[0]?.[1]}</p>
      )}
      <Rules programme={programme} />
    </>
  );
}
