// More points for some purchases: by what is bought, and by when. Rows that can be added and removed.

import type { Programme } from '@customer-service/client';
import { TIERS } from '@customer-service/domain';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { words } from '../format.ts';
import { NumberField, RuleField } from './rule-fields.tsx';
import { localMinute } from './rules-form.ts';

type Campaign = NonNullable<Programme['earn']['campaigns']>[number];
type Multiplier = NonNullable<Programme['earn']['multipliers']>[number];

interface RowsProps<Item> {
  title: string;
  /** Of the buttons. */
  what: string;
  items: readonly Item[];
  row: (item: Item | undefined, index: number) => ComponentChildren;
}

/** Each row keeps its key, so that what is written in it stays with it when another one goes. */
function Rows<Item>({ title, what, items, row }: RowsProps<Item>) {
  const [rows, setRows] = useState(() => items.map((item, key) => ({ key, item: item as Item | undefined })));
  const add = () => setRows([...rows, { key: (rows.at(-1)?.key ?? -1) + 1, item: undefined }]);
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      {rows.map(({ key, item }, index) => (
        <fieldset key={key} class="entry">
          <legend class="hidden">
            {words(what)} {index + 1}
          </legend>
          {row(item, index)}
          <button
            type="button"
            class="small"
            aria-label={`Remove ${what} ${index + 1}`}
            onClick={() => setRows(rows.filter((each) => each.key !== key))}
          >
            Remove
          </button>
        </fieldset>
      ))}
      <button type="button" onClick={add}>
        Add a {what}
      </button>
    </section>
  );
}

export function Multipliers({ multipliers }: { multipliers: readonly Multiplier[] }) {
  return (
    <Rows
      title="More points for what is bought"
      what="multiplier"
      items={multipliers}
      row={(item, index) => {
        const at = `/earn/multipliers/${index}`;
        return (
          <div class="row">
            <RuleField at={`${at}/category`} label="Category" value={item?.category} placeholder="Any" />
            <RuleField at={`${at}/product`} label="Product" value={item?.product} placeholder="Any" />
            <NumberField
              at={`${at}/multiplier_bp`}
              label="Points ×"
              value={item?.multiplier_bp ?? 20_000}
              unit={10_000}
            />
          </div>
        );
      }}
    />
  );
}

export function Campaigns({ campaigns }: { campaigns: readonly Campaign[] }) {
  return (
    <Rows
      title="Campaigns"
      what="campaign"
      items={campaigns}
      row={(item, index) => <CampaignRow at={`/earn/campaigns/${index}`} campaign={item} />}
    />
  );
}

function CampaignRow({ at, campaign }: { at: string; campaign: Campaign | undefined }) {
  const moment = { kind: 'moment', type: 'datetime-local' } as const;
  return (
    <>
      <div class="row">
        <RuleField at={`${at}/name`} label="Name" value={campaign?.name} />
        <RuleField at={`${at}/from`} label="From" value={campaign && localMinute(campaign.from)} {...moment} />
        <RuleField at={`${at}/to`} label="To" value={campaign && localMinute(campaign.to)} {...moment} />
        <NumberField
          at={`${at}/multiplier_bp`}
          label="Points ×"
          value={campaign?.multiplier_bp ?? 20_000}
          unit={10_000}
        />
      </div>
      <div class="checks">
        For
        {TIERS.map((tier) => (
          <label key={tier} class="check">
            <input
              type="checkbox"
              name={`${at}/tiers`}
              value={tier}
              data-kind="choices"
              defaultChecked={campaign?.tiers?.includes(tier) ?? false}
            />
            {words(tier)}
          </label>
        ))}
        <span class="quiet">(none ticked: everybody)</span>
      </div>
    </>
  );
}
