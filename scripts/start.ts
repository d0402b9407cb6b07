// `npm start`: the whole service in one terminal. Embedded PostgreSQL unless DATABASE_URL is set, migrations, API and
// worker as processes of their own, the demo shop on a first start. Everything ends with this process.

import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadApiConfig, prepareQueue } from '@customer-service/runtime';
import { listCustomers, migrate, openDatabase } from '@customer-service/store';
import { defaultDataDir, type EmbeddedPostgres, startPostgres } from './embedded-postgres.ts';
import { forgetLocal, type Local, writeLocal } from './local.ts';
import { progressBar, replaySuperstore } from './replay.ts';
import { createTokens } from './tokens.ts';

const DATA_DIR = process.env.DATA_DIR || defaultDataDir();
const DEFAULT_PORTS = { PORT: 3000, OPS_PORT: 3001, WORKER_OPS_PORT: 3002 };

/** The secret that signs the tokens: the environment's, or one of our own that lasts as long as the data. */
function readSecret(): string {
  if (process.env.JWT_SECRET) return process.env.JWT_SECRET;
  const file = join(DATA_DIR, 'jwt-secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** What the environment says; else the usual port, or any free one when that is taken. */
function choosePort(name: keyof typeof DEFAULT_PORTS): Promise<string> {
  const { [name]: wanted, HOST, OPS_HOST } = process.env;
  if (wanted) return Promise.resolve(wanted);
  const host = (name === 'PORT' ? HOST : OPS_HOST) || '127.0.0.1';
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve('0'));
    probe.listen(DEFAULT_PORTS[name], host, () => probe.close(() => resolve(String(DEFAULT_PORTS[name]))));
  });
}

interface App {
  child: ChildProcess;
  /** What it announced: the API its URL, both where they are watched. */
  ready: { url?: string; ops_url?: string };
}

/** Starts an app and waits until it is ready. It ends by itself when this process does, however that happens. */
function startApp(name: 'api' | 'worker', environment: NodeJS.ProcessEnv): Promise<App> {
  const main = fileURLToPath(new URL(`../apps/${name}/src/main.ts`, import.meta.url));
  const tracing = environment.OTEL_EXPORTER_OTLP_ENDPOINT ? ['--import=@customer-service/tracing'] : [];
  const child = fork(main, { env: environment, execArgv: [...process.execArgv, ...tracing] });
  return new Promise((resolve, reject) => {
    child.once('message', (ready) => resolve({ child, ready: ready as App['ready'] }));
    child.once('exit', (code) => reject(new Error(`${name} ended with code ${code} before it was ready`)));
  });
}

function stopApp({ child }: App): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/**
 * Four years of a real shop, posted as its tills would have, into an empty database. A load that was interrupted goes
 * on at the next start: what is in already is recognised by its keys.
 */
async function loadDemoShop(database_url: string, target: { url: string; token: string }): Promise<void> {
  const database = createHash('sha256')
    .update(process.env.DATABASE_URL || 'embedded')
    .digest('hex')
    .slice(0, 12);
  const unfinished = join(DATA_DIR, `demo-shop-unfinished-${database}`);
  if (!existsSync(unfinished) && (await newestCustomer(database_url)) !== undefined) return;
  writeFileSync(unfinished, '');
  console.log('Loading the demo shop, once (npm start -- --empty leaves it out)');
  const bar = progressBar();
  try {
    const report = await replaySuperstore({ ...target, report: bar.show });
    bar.stop();
    const wrong = report.differences.length;
    const verdict =
      wrong === 0 ? 'every customer agrees with the independent fold' : `${wrong} differences from the fold`;
    console.log(`${report.customers} customers, ${report.orders} orders, ${report.points} points: ${verdict}`);
  } finally {
    bar.stop();
  }
  await addGuest(target);
  rmSync(unfinished);
}

/** Somebody to try things on, so that the shop's own customers keep agreeing with its orders. */
async function addGuest({ url, token }: { url: string; token: string }): Promise<void> {
  const guest = {
    ...{ external_id: 'demo-guest', first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' },
    preferences: { allergies: [{ allergen: 'peanuts', severity: 'severe' }], dietary_restrictions: ['vegetarian'] },
  };
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const { status } = await fetch(`${url}/customers`, { method: 'POST', headers, body: JSON.stringify(guest) });
  // 409: a load that was interrupted after this.
  if (status !== 201 && status !== 409) throw new Error(`the demo's guest could not be created: ${status}`);
}

async function newestCustomer(database_url: string): Promise<string | undefined> {
  const db = openDatabase({ url: database_url, pool_max: 1, application_name: 'start' });
  try {
    const { customers } = await listCustomers(db, { limit: 1 });
    return customers[0]?.id;
  } finally {
    await db.destroy();
  }
}

function describe({ url, ops_url, tokens }: Local, customer_id: string | undefined): string {
  const lines = Object.entries(tokens).map(([role, token]) => `  ${role.padEnd(9)}${token}`);
  const json = '-H "Content-Type: application/json"';
  const first =
    customer_id === undefined
      ? `Create a customer
  curl -s -X POST ${url}/customers -H "Authorization: Bearer ${tokens.admin}" \\
    ${json} -d '{"first_name": "Ada", "last_name": "Lovelace"}'`
      : `Earn points
  curl -s -X POST ${url}/customers/${customer_id}/loyalty/earn -H "Authorization: Bearer ${tokens.service}" \\
    ${json} -H "Idempotency-Key: my-first-order" -H "Prefer: wait=5" -d '{"amount_minor": 12345, "currency": "USD"}'`;
  return `
Tokens, valid for 30 days
${lines.join('\n')}

${first}

Console ${url}/console (sign in with the token of admin)
API     ${url}
Docs    ${url}/docs
Health  ${url}/health
Ops     ${ops_url}/ops (sign in with the token of ops)
`;
}

/** npm killed with -9 tells nobody: its child merely gets another parent. */
function endWithNpm(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop(), 500).unref();
}

async function start(): Promise<void> {
  mkdirSync(DATA_DIR, { recursive: true });
  const opened: { postgres?: EmbeddedPostgres; apps: App[] } = { apps: [] };
  let stopping = false;
  const stop = async (exitCode: number) => {
    if (stopping) return;
    stopping = true;
    forgetLocal();
    await Promise.all(opened.apps.map(stopApp));
    await opened.postgres?.stop();
    process.exit(exitCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
  endWithNpm(() => void stop(0));

  try {
    if (!process.env.DATABASE_URL) opened.postgres = await startPostgres({ data_dir: DATA_DIR });
    const database_url = process.env.DATABASE_URL || (opened.postgres?.url as string);
    const direct_database_url = process.env.DIRECT_DATABASE_URL || database_url;
    const redis_url = process.env.REDIS_URL || null;
    await migrate(direct_database_url);
    await prepareQueue({ redis_url, direct_database_url });

    const environment = {
      ...process.env,
      DATABASE_URL: database_url,
      ...(!process.env.JWT_PUBLIC_KEY && !process.env.JWKS_URL && { JWT_SECRET: readSecret() }),
      PORT: await choosePort('PORT'),
      OPS_PORT: await choosePort('OPS_PORT'),
      WORKER_OPS_PORT: await choosePort('WORKER_OPS_PORT'),
      LOG_LEVEL: process.env.LOG_LEVEL || 'error',
      // On a database of its own on this machine, receivers are on this machine too.
      ...(opened.postgres && { WEBHOOKS_ALLOW_PRIVATE: process.env.WEBHOOKS_ALLOW_PRIVATE || '1' }),
    };
    const { jwt } = loadApiConfig(environment);
    opened.apps = await Promise.all([startApp('api', environment), startApp('worker', environment)]);
    for (const { child } of opened.apps) child.once('exit', () => void stop(1));

    const { url, ops_url } = (opened.apps[0] as App).ready as { url: string; ops_url: string };
    if (jwt.keys.kind === 'secret') {
      if (!process.argv.includes('--empty')) await loadDemoShop(database_url, { url, token: createTokens(jwt).admin });
      const customer_id = await newestCustomer(database_url);
      const local = { url, ops_url, tokens: createTokens(jwt, customer_id), database_url, redis_url };
      writeLocal(local);
      console.log(describe(local, customer_id));
    } else {
      console.log(
        `Tokens are made by whoever holds the private key of ${jwt.keys.kind === 'jwks' ? 'JWKS_URL' : 'JWT_PUBLIC_KEY'}.\n\nConsole ${url}/console\nAPI     ${url}\nDocs    ${url}/docs\nOps     ${ops_url}/ops`,
      );
    }
    console.log('Ready. Ctrl-C stops everything and keeps the data.');
  } catch (error) {
    if (stopping) return;
    console.error((error as Error).message);
    await stop(1);
  }
}

await start();
