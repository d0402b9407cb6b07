// The table loyalty_programmes: the versions after the first, which is in the domain.

import { DomainError, PROGRAMME, type Programme, type ProgrammeRules, type Programmes } from '@customer-service/domain';
import { type Actor, writeAudit } from './audit-log.ts';
import { type Database, prepared, rows } from './connect.ts';
import { ACCOUNT_COLUMNS, type AccountRow } from './loyalty-accounts.ts';

/**
 * Every version, in order. Within a transaction it also keeps anybody from adding one before the transaction ends.
 * Ask after the accounts are locked, so that whoever adds one waits for nobody who waits for an account.
 */
export async function readProgrammes(db: Database): Promise<Programmes> {
  const { rows: later } = await prepared<Pick<Programme, 'version' | 'effective_from'> & { rules: ProgrammeRules }>(
    db,
    'select loyalty_programmes',
    'select version, effective_from, rules from loyalty_programmes order by version',
  );
  return [PROGRAMME, ...later.map(({ rules, ...version }) => ({ ...version, ...rules }))];
}

/** The moment it is for the ledger: the database's clock, unless a test clock moves it. */
export async function ledgerNow(db: Database): Promise<string> {
  const [row] = await rows<{ now: string }>(db, 'select ledger_now() as now');
  return row?.now as string;
}

export interface NewProgramme {
  rules: ProgrammeRules;
  /** Null: at once. */
  effective_from: string | null;
  /** The latest version its author has seen; null: whichever. */
  expected_version: number | null;
  actor: Actor;
}

/**
 * Adds a version. Waits for the transactions that are being decided, and holds up others for that moment, so that
 * nothing is decided under a version that is just ending.
 * @throws DomainError `programme-changed`; `value-refused` when it would begin in the past or before the latest one
 */
export function addProgramme(db: Database, { rules, ...wanted }: NewProgramme): Promise<Programme> {
  return db.transaction(async (tx) => {
    await tx.raw('lock table loyalty_programmes in access exclusive mode');
    const latest = (await readProgrammes(tx)).at(-1) as Programme;
    if (wanted.expected_version !== null && wanted.expected_version !== latest.version) {
      throw new DomainError('programme-changed', `The programme is at version ${latest.version} now.`);
    }
    const now = await ledgerNow(tx);
    const effective_from = wanted.effective_from ?? now;
    if (effective_from < now) throw refuse('must not be in the past');
    if (effective_from <= latest.effective_from) throw refuse('must be later than where the latest version begins');
    const version = latest.version + 1;
    const created_by = `${wanted.actor.role}:${wanted.actor.sub}`;
    await tx('loyalty_programmes').insert({ version, effective_from, rules: JSON.stringify(rules), created_by });
    const changes = { version: { before: latest.version, after: version } };
    await writeAudit(tx, wanted.actor, { action: 'programme.changed', customer_id: null, changes });
    return { version, effective_from, ...rules };
  });
}

function refuse(detail: string): DomainError {
  const errors = [{ pointer: '/effective_from', code: 'out-of-range', detail }];
  return new DomainError('value-refused', 'The new version can not begin then.', errors);
}

/** Accounts one query reads where all are looked at. */
const PAGE = 5_000;

/** Every open account, page by page, so that a million of them need little memory. */
export async function* readAllAccounts(db: Database) {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const page = await rows<AccountRow>(
      db,
      `select a.customer_id, 'active' as customer_status, ${ACCOUNT_COLUMNS.join(', ')}, null as ledger_hash
         from loyalty_accounts a where customer_id > ? and closed_at is null order by customer_id limit ?`,
      [after, PAGE],
    );
    if (page.length === 0) return;
    yield page;
    after = (page.at(-1) as AccountRow).customer_id;
  }
}
