// `npm run ops -- …`: the command line for people who look after the service (apps/ops). It reads DATABASE_URL and
// REDIS_URL; without them it asks the service that `npm start` runs here.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readLocal } from './local.ts';

const main = fileURLToPath(new URL('../apps/ops/src/main.ts', import.meta.url));
const local = process.env.DATABASE_URL ? undefined : readLocal();
const env = {
  ...process.env,
  ...(local && { DATABASE_URL: local.database_url, REDIS_URL: local.redis_url ?? '' }),
};
const { status } = spawnSync(process.execPath, [...process.execArgv, main, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env,
});
process.exitCode = status ?? 3;
