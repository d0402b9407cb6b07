// Finding a customer: whatever somebody remembers, searched as it is typed; without a word the newest are shown.

import { useEffect, useState } from 'preact/hooks';
import { Fault } from '../faults.tsx';
import { number } from '../format.ts';
import { Select } from '../parts/field.tsx';
import { Page } from '../parts/page.tsx';
import { goTo } from '../router.ts';
import { CustomerRows } from './customer-rows.tsx';
import { type Search, useSearch } from './use-search.ts';

const TIERS = [['', 'All tiers'], ...['bronze', 'silver', 'gold', 'platinum', 'diamond'].map((tier) => [tier, tier])];
const STATUSES = [['', 'Any status'], ...['active', 'inactive', 'suspended'].map((status) => [status, status])];
type Options = [string, string][];

/** Kept while one looks at a customer and comes back. */
let last: Search = { search: '', tier: '', status: '' };

export function CustomersPage() {
  const [search, setSearch] = useState(last);
  const { items, isPart, busy, fault, more, reload } = useSearch(search);
  useEffect(() => {
    last = search;
  }, [search]);
  const change = (part: Partial<Search>) => setSearch((before) => ({ ...before, ...part }));
  const first = items?.[0];
  return (
    <Page title="Customers" keepFocus>
      <search>
        <SearchField
          value={search.search}
          onChange={(value) => change({ search: value })}
          onEnter={() => !busy && first !== undefined && goTo('customers', first.id)}
        />
        <Select label="Tier" value={search.tier} onChange={(tier) => change({ tier })} options={TIERS as Options} />
        <Select
          label="Status"
          value={search.status}
          onChange={(status) => change({ status })}
          options={STATUSES as Options}
        />
      </search>
      <p class="quiet" role="status">
        {busy ? 'Searching …' : items && tellCount(items.length, isPart)}
      </p>
      <Fault of={fault} onRetry={reload} />
      {items !== undefined && items.length > 0 && <CustomerRows customers={items} />}
      {isPart && (
        <button type="button" disabled={busy} onClick={more}>
          Show more
        </button>
      )}
    </Page>
  );
}

function tellCount(count: number, isPart: boolean): string {
  if (count === 0) return 'Nobody fits. Less of the name, or a part of the phone number, may find more.';
  if (isPart) return `The first ${number(count)} customers`;
  return count === 1 ? '1 customer' : `${number(count)} customers`;
}

interface SearchFieldProps {
  value: string;
  onChange(value: string): void;
  onEnter(): void;
}

function SearchField({ value, onChange, onEnter }: SearchFieldProps) {
  return (
    <div class="field wide">
      <label for="search">Search</label>
      <input
        id="search"
        type="search"
        value={value}
        placeholder="Name, email, phone or id"
        autocomplete="off"
        aria-describedby="search-hint"
        ref={focusOnce}
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onEnter();
          if (event.key === 'ArrowDown') document.querySelector<HTMLElement>('table a')?.focus();
        }}
      />
      <small id="search-hint" class="quiet">
        Enter opens the first one, the arrow keys walk through them, / leads back here.
      </small>
    </div>
  );
}

const focusOnce = (element: HTMLElement | null) => element?.focus();
