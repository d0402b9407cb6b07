// The table loyalty_programmes: the versions after the first, which is in the domain.

import { PROGRAMME, type Programme, type ProgrammeRules, type Programmes } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

/**
 * Every version, in order. Within a transaction it also keeps anybody from adding one before the transaction ends.
 * Ask after the accounts are locked, so that whoever adds one waits for nobody who waits for an account.
 */
export async function readProgrammes(db: Database): Promise<Programmes> {
  const later = await rows<Pick<Programme, 'version' | 'effective_from'> & { rules: ProgrammeRules }>(
    db,
    'select version, effective_from, rules from loyalty_programmes order by version',
  );
  const versions = later.map(({ version, effective_from, rules }) => ({ version, effective_from, ...rules }));
  return [PROGRAMME, ...versions];
}
