// The client: the typed request, lists, and a method for each operation. What has no method (`GET /health`, the test
// clock) is asked for by `request`.

import * as methods from './methods.ts';
import type { AnswerOf, Call, CallOptions, ItemOf, ListName, OperationName, QueryOf } from './operations.ts';
import { type ClientOptions, createRequest } from './request.ts';

/** Of one service. The methods throw the errors of problems.ts; those that list give one item after the other. */
export function createClient(options: ClientOptions) {
  const request = createRequest(options);

  // Whether a call needs an argument can't be seen through the generics; here it always has one.
  const ask = async <Name extends OperationName>(name: Name, call: Call<Name>): Promise<AnswerOf<Name>> =>
    (await request(name, ...([call] as never))).body;

  async function* list<Name extends ListName>(name: Name, call: Call<Name>): AsyncGenerator<ItemOf<Name>, void, void> {
    let cursor: string | null | undefined;
    do {
      const { query } = call as { query?: object };
      const page = await ask(name, { ...call, query: { ...query, ...(cursor && { cursor }) } });
      yield* page.items as ItemOf<Name>[];
      cursor = page.next_cursor;
    } while (cursor);
  }

  return {
    /** Any operation by its name in the OpenAPI document: the whole answer, with its status and headers. */
    request,
    /** Any list by its name: every item, a page at a time. */
    list,
    customers: methods.customers(ask, list),
    loyalty: methods.loyalty(ask, list),
    holds: methods.holds(ask, list),
    adjustments: methods.adjustments(ask, list),
    programme: methods.programme(ask),
    analytics: methods.analytics(ask),
    webhooks: methods.webhooks(ask, list),
    events: methods.events(ask),
    /** Who the token says asks, and what they may do. */
    me: (options?: CallOptions) => ask('GET /me', { ...options }),
    /** Who changed what of whom and why, the newest first. */
    audit: (query: QueryOf<'GET /audit'> = {}, options?: CallOptions) => list('GET /audit', { query, ...options }),
  };
}

export type Client = ReturnType<typeof createClient>;
