// A list of the service, a page at a time: the first when one comes, the next when somebody wants more.

import { useState } from 'preact/hooks';
import { useAnswer, useSend } from './use-answer.ts';

interface ListPage<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface Listed<Item> {
  /** Undefined until the first page is there. */
  items: Item[] | undefined;
  isPart: boolean;
  busy: boolean;
  fault: unknown;
  more(): Promise<void>;
  reload(): void;
}

/** @param load the page behind `cursor`, the first without one */
export function useList<Item>(
  load: (cursor: string | undefined, signal?: AbortSignal) => Promise<ListPage<Item>>,
  inputs: readonly unknown[] = [],
): Listed<Item> {
  const first = useAnswer((signal) => load(undefined, signal), inputs);
  const next = useSend(load);
  const [later, setLater] = useState<{ after: ListPage<Item>; page: ListPage<Item> }>();
  // What was added to another first page is of another list.
  const list = later !== undefined && later.after === first.answer ? later.page : first.answer;
  const more = async () => {
    const after = first.answer;
    if (after === undefined || !list?.next_cursor) return;
    const page = await next.send(list.next_cursor);
    if (page !== undefined) setLater({ after, page: { ...page, items: [...list.items, ...page.items] } });
  };
  return {
    items: list?.items,
    isPart: list?.next_cursor != null,
    busy: first.busy || next.busy,
    fault: first.fault ?? next.fault,
    more,
    reload: first.reload,
  };
}
