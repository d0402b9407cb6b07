// `npm run bench`: measures the service beside what it is compared with, in one run on one machine, and prints a table
// with the goals. docs/performance.md says how to read it.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { BrokenBooks } from './invariants.ts';
import { rowsOf, type SuiteResult, tableOf } from './report.ts';
import { openServices, type Servers, startServers } from './services.ts';
import type { Suite } from './suite.ts';
import { SUITES } from './suites/index.ts';

const ROUNDS = 5;
const QUICK_ROUNDS = 3;

const HELP = `npm run bench [-- options] [suite …]

Measures beside each other, in rounds, and prints medians, ratios and goals. Needs nothing running: it brings up its own
PostgreSQL and, where one is installed, its own redis-server. Leave the machine alone meanwhile.

  --quick       less data and shorter turns: all suites within five minutes
  --scale X     X times as much of everything, such as 0.05 to see whether it runs
  --rounds N    rounds to take: ${ROUNDS}, with --quick ${QUICK_ROUNDS}
  --data FOLDER keeps the large databases of growth there, which take long to fill, and uses them the next time
  --profile DIR leaves CPU profiles of API and worker there; they cost some of the figures
  --json FILE   writes the figures of every round as well
  --help        this

Suites, all if none is named:
${SUITES.map(({ name, about }) => `  ${name.padEnd(12)}  ${about}`).join('\n')}

Exit code 0: measured, whatever the goals say. 1: an invariant was broken, or it could not be measured. 2: no such option.`;

interface Options {
  quick: boolean;
  rounds: number;
  scale: number;
  json: string | undefined;
  profiles: string | undefined;
  data: string | undefined;
  suites: readonly Suite[];
}

/** @throws Error that says what is wrong with them */
function readOptions(args: string[]): Options | 'help' {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      scale: { type: 'string', default: '1' },
      json: { type: 'string' },
      profile: { type: 'string' },
      data: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const rounds = Number(values.rounds ?? (values.quick ? QUICK_ROUNDS : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number from 1.');
  const scale = Number(values.scale);
  if (!(scale > 0)) throw new Error('--scale must be a number above 0.');
  const unknown = positionals.find((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown !== undefined) throw new Error(`There is no suite ${unknown}. See --help.`);
  const suites = SUITES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { quick: values.quick, json: values.json, profiles: values.profile, data: values.data, rounds, scale, suites };
}

async function measure(servers: Servers, options: Options): Promise<SuiteResult[]> {
  const { suites, quick, rounds, scale, data, profiles } = options;
  const results: SuiteResult[] = [];
  const sized = (few: number, many: number) => Math.ceil((quick ? few : many) * scale);
  for (const suite of suites) {
    if (suite.needs === 'redis' && servers.redis_url === undefined) {
      console.log(`${suite.name}: LEFT OUT, because there is no redis-server or valkey-server`);
      continue;
    }
    const began = performance.now();
    const say = (line: string) => console.log(`${suite.name}: ${line}`);
    const services = openServices(servers, profiles);
    try {
      results.push({ suite: suite.name, measurements: await suite.run({ services, rounds, quick, data, sized, say }) });
    } finally {
      await services.close();
    }
    say(`took ${Math.round((performance.now() - began) / 1_000)} s`);
  }
  return results;
}

async function machineOf(servers: Servers) {
  const services = openServices(servers);
  const { rows } = await services
    .pool(servers.postgres_url)
    .query<{ version: string }>("select current_setting('server_version') as version");
  await services.close();
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    load: Math.round((loadavg()[0] as number) * 10) / 10,
    ...{ platform: platform(), arch: arch(), node: process.version, postgresql: rows[0]?.version },
    redis: servers.redis_version ?? 'none',
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() || 'unknown',
  };
}

async function main(args: string[]): Promise<number> {
  let options: Options | 'help';
  try {
    options = readOptions(args);
  } catch (fault) {
    console.error((fault as Error).message);
    return 2;
  }
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const servers = await startServers();
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted = true;
      void servers.stop().then(() => process.exit(1));
    });
  }
  try {
    const machine = await machineOf(servers);
    console.log(
      Object.entries(machine)
        .map(([name, value]) => `${name} ${value}`)
        .join(' · '),
    );
    const results = await measure(servers, options);
    const rows = rowsOf(results);
    console.log(`\n${tableOf(rows)}\n`);
    const judged = rows.filter(({ verdict }) => verdict !== undefined);
    const short = judged.filter(({ verdict }) => verdict === 'short');
    console.log(`${judged.length - short.length} of ${judged.length} goals met. All invariants held.`);
    if (options.json)
      writeFileSync(
        options.json,
        JSON.stringify({ machine, options: { ...options, suites: undefined }, rows, results }, null, 2),
      );
    return 0;
  } catch (fault) {
    if (!interrupted) console.error(fault instanceof BrokenBooks ? fault.message : fault);
    return 1;
  } finally {
    await servers.stop();
  }
}

process.exitCode = await main(process.argv.slice(2));
