// The programme over HTTP: its versions, a new one, and the proofs over all accounts.

import {
  type Programme,
  type ProgrammeRules,
  programmeAt,
  TIERS,
  type Tier,
  tierAtChange,
} from '@customer-service/domain';
import * as store from '@customer-service/store';
import { actorOf } from '../actor.ts';
import { decodeCursor, encodeCursor } from '../paging.ts';
import { Problem, type ProblemField } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';

export async function read(_request: ApiRequest, { db }: Services): Promise<Answer> {
  const versions = await store.readProgrammes(db);
  const current = programmeAt(versions, await store.ledgerNow(db));
  const latest = versions.at(-1) as Programme;
  return { status: 200, body: { current, versions }, headers: { ETag: `"${latest.version}"` } };
}

interface Write extends ProgrammeRules {
  effective_from: string | null;
}

export async function write(request: ApiRequest<Write, { dry_run?: boolean }>, { db }: Services): Promise<Answer> {
  const { effective_from, ...rules } = request.body;
  checkRules(rules);
  if (request.query.dry_run) return { status: 200, body: await countMoves(db, rules) };
  const match = request.header('If-Match');
  const known = /^"(\d{1,9})"$/.exec(match)?.[1];
  if (match !== '' && match !== '*' && known === undefined) {
    throw new Problem('invalid-header', 'If-Match must be the ETag of GET /loyalty/programme.');
  }
  const expected_version = known === undefined ? null : Number(known);
  const version = await store.addProgramme(db, { rules, effective_from, expected_version, actor: actorOf(request) });
  return { status: 201, body: version, headers: { ETag: `"${version.version}"`, Location: '/loyalty/programme' } };
}

/** What no single field can say: the tiers must go up, and a campaign must begin before it ends. */
function checkRules({ tiers, earn }: ProgrammeRules): void {
  const errors: ProblemField[] = [];
  const fault = (pointer: string, detail: string) => errors.push({ pointer, code: 'inconsistent', detail });
  if (tiers[0].tier !== TIERS[0]) fault('/tiers/0/tier', `must be ${TIERS[0]}, which everybody has`);
  for (const [index, rule] of tiers.entries()) {
    const before = tiers[index - 1];
    if (before === undefined) continue;
    if (TIERS.indexOf(rule.tier) <= TIERS.indexOf(before.tier))
      fault(`/tiers/${index}/tier`, 'must be higher than the one before');
    for (const field of ['spend_threshold_minor', 'visits_threshold', 'points_threshold'] as const) {
      if ((rule[field] ?? Number.MAX_SAFE_INTEGER) < (before[field] ?? 0)) {
        fault(`/tiers/${index}/${field}`, 'must not be lower than that of the tier below');
      }
    }
  }
  for (const [index, { from, to }] of earn.campaigns.entries()) {
    if (from >= to) fault(`/earn/campaigns/${index}/to`, 'must be later than from');
  }
  if (errors.length > 0) throw new Problem('validation-failed', `${errors.length} field(s) break a rule.`, { errors });
}

/** How many customers would hold which tier instead of which, were these the rules from now on. */
async function countMoves(db: store.Database, rules: ProgrammeRules) {
  const moves = new Map<string, { from_tier: Tier; to_tier: Tier; customers: number }>();
  const now = await store.ledgerNow(db);
  const programme = { version: 0, effective_from: now, ...rules };
  let customers = 0;
  for await (const accounts of store.readAllAccounts(db)) {
    customers += accounts.length;
    for (const account of accounts) {
      const to_tier = tierAtChange(programme, account, now);
      if (to_tier === account.tier) continue;
      const key = `${account.tier} ${to_tier}`;
      const move = moves.get(key) ?? { from_tier: account.tier, to_tier, customers: 0 };
      moves.set(key, { ...move, customers: move.customers + 1 });
    }
  }
  return { dry_run: true, customers, moves: [...moves.values()] };
}

/** Differences one answer lists. */
const TOLD = 100;

export async function verify(
  request: ApiRequest<unknown, { limit: number; cursor?: string }>,
  { db }: Services,
): Promise<Answer> {
  const { limit, cursor } = request.query;
  const isId = (key: unknown) => typeof key === 'string' && /^[0-9a-f-]{36}$/.test(key);
  const after = cursor === undefined ? null : String(decodeCursor('verify', cursor, isId));
  const { accounts, differences, last } = await store.auditPage(db, { after, limit });
  const next_cursor = last === null ? null : encodeCursor('verify', last);
  return {
    status: 200,
    body: { accounts, differences_found: differences.length, differences: differences.slice(0, TOLD), next_cursor },
  };
}

export async function liability(_request: ApiRequest, { db }: Services): Promise<Answer> {
  return { status: 200, body: await store.readLiability(db) };
}
