// The command line for people who look after the service. Every command reads DATABASE_URL and REDIS_URL as the service
// does, says what it found in words or with --json, and ends with a code that scripts can go by.

import { Command, CommanderError, Option } from 'commander';
import { amount, duration, id, moment } from './arguments.ts';
import { explain } from './explain.ts';
import { drain, pending, redrive } from './pending.ts';
import { quarantineList, quarantineRelease } from './quarantine.ts';
import { reconcile } from './reconcile.ts';
import { EXIT, type Report, WrongUse } from './report.ts';
import { retry } from './retry.ts';
import { type Site, withSite } from './site.ts';
import { status } from './status.ts';

const program = new Command('ops')
  .description('Looks after Customer Service: what waits, why, and how to mend it.')
  .option('--json', 'print one JSON document instead of words')
  .helpOption('-h, --help', 'show this, or the help of a command')
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(--help shows how)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Exit codes: 0 all is well · 1 something was found · 2 wrong use · 3 database or queue out of reach

Examples:
  $ npm run ops -- status
  $ npm run ops -- pending --older-than 1m
  $ npm run --silent ops -- status --json | jq .oldest_pending_s
In a container: node apps/ops/dist/main.js status`,
  );

/** A command that looks at the service and reports. */
function add(name: string, description: string, examples: string[]): Command {
  return program
    .command(name)
    .description(description)
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ npm run ops -- ${example}`).join('\n')}`);
}

async function say(work: (site: Site) => Promise<Report>, options?: { statement_timeout_ms: number }): Promise<void> {
  const report = await withSite(work, options);
  console.log(program.opts().json ? JSON.stringify(report.data, null, 2) : report.text);
  process.exitCode = report.found ? EXIT.found : EXIT.fine;
}

add('status', 'Are points flowing? Database, queue, processes and what waits, on one screen', ['status']) //
  .action(() => say(status));

add('pending', 'What waits to be applied, the oldest first', ['pending', 'pending --older-than 1m --limit 100'])
  .option('--customer <id>', 'of one customer', id)
  .option('--older-than <duration>', 'only what has waited for longer, such as 30s or 5m', duration)
  .option('--limit <number>', 'lines to show', amount, 20)
  .action((options) => say((site) => pending(site, options)));

add('explain', 'The life of one transaction: accepted, rung, applied, the balance before and after, and why', [
  'explain 0197f0a4-5b6c-7d8e-9f00-112233445566',
])
  .argument('<transaction_id>', 'as the answer to the till has it', id)
  .action((transaction) => say((site) => explain(site, transaction)));

add('retry', 'Put all failed jobs back; or apply what waits for one customer, and say why it fails', [
  'retry --dry-run',
  'retry',
  'retry --discard',
  'retry --customer 0197f0a4-5b6c-7d8e-9f00-112233445566',
])
  .option('--customer <id>', 'instead of jobs, what waits for this customer', id)
  .addOption(new Option('--discard', 'forget failed jobs: what they rang for is applied without').conflicts('customer'))
  .option('--dry-run', 'only say what would be tried')
  .action((options) => say((site) => retry(site, options)));

const quarantine = add('quarantine', 'Customers whose transactions fail again and again: list them, let them go', [
  'quarantine list',
  'quarantine release 0197f0a4-5b6c-7d8e-9f00-112233445566 --reason "mended in 1.4.2"',
  'quarantine release --all',
]);
quarantine
  .command('list')
  .description('who is in it, since when, and why')
  .action(() => say(quarantineList));
quarantine
  .command('release')
  .description('let the workers try again, which they do within a second or so')
  .argument('[customer_id]', 'one of them', id)
  .option('--all', 'all of them')
  .option('--reason <text>', 'kept in the audit log; not a word about the person')
  .action((customer, options) => say((site) => quarantineRelease(site, customer, options)));

add('reconcile', 'Prove that every account agrees with its ledger, and analytics with both', ['reconcile']) //
  .action(() => say(reconcile, { statement_timeout_ms: 0 }));

add('redrive', 'Ring once more for what is pending; harmless, however often', [
  'redrive --since 1h',
  'redrive --since 2026-01-31T08:30:00Z --dry-run',
])
  .requiredOption('--since <moment>', 'accepted then or later: 10m, 2h, or RFC 3339', moment)
  .option('--dry-run', 'only count')
  .action((options) => say((site) => redrive(site, options)));

add('drain', 'Wait until nothing is pending any more; keeps nobody from posting more', [
  'drain --timeout 2m',
  'drain --apply',
])
  .addOption(new Option('--timeout <duration>', 'give up after').argParser(duration).default(600, '10m'))
  .option('--apply', 'apply it here and now, for when no worker can')
  .addHelpText(
    'after',
    `
It only looks (and with --apply also applies). To have nothing pending that stays so, stop the API first:
  docker compose stop api
  kubectl -n customer-service scale deploy/api --replicas=0
or take it out of the load balancer. Tills keep what is refused, and post it again under the same key.
What waits for customers in quarantine is not waited for; it is counted in the answer.`,
  )
  .action((options) => say((site) => drain(site, options)));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!(error instanceof CommanderError)) console.error((error as Error).message);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.wrong_use;
  return error instanceof WrongUse ? EXIT.wrong_use : EXIT.unreachable;
}
