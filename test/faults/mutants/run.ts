// `npm run test:mutants`: plants one bug after the other and sees whether it is found. First every scenario runs on the
// sources as they are, where it must find nothing. `-- --only text` runs those whose name has the text in it.

import { parseArgs } from 'node:util';
import { compile } from '../../helpers/command.ts';
import { startRig, startServers } from '../rig/rig.ts';
import { type Mutant, mutants } from './mutants.ts';
import { type Broken, type ScenarioName, scenarios } from './scenarios.ts';
import { copySources } from './sources.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const chosen = mutants.filter(({ name, scenario }) => `${name} (${scenario})`.includes(values.only));
const names = [...new Set(chosen.map(({ scenario }) => scenario))];

// Asked to end, it ends as always: nothing that it started or mounted stays.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));

const sources = copySources();
const servers = await startServers();
const began = performance.now();
const failures: string[] = [];
try {
  for (const scenario of names) {
    const broken = await attempt(scenario);
    const found = Object.keys(broken);
    console.log(`${found.length === 0 ? 'clean ' : 'BROKEN'}  ${scenario}, without a bug`);
    if (found.length === 0) continue;
    failures.push(scenario);
    show(broken);
  }
  for (const mutant of chosen) {
    const broken = await attempt(mutant.scenario, mutant);
    const found = Object.keys(broken);
    console.log(
      `${found.length === 0 ? 'MISSED' : 'caught'}  ${mutant.name} (${mutant.scenario}): ${found.join(', ') || 'nothing'}`,
    );
    if (found.length === 0) failures.push(mutant.name);
    else if (values.only !== '') show(broken);
  }
} finally {
  await servers.stop();
  sources.remove();
}
const missed = chosen.filter(({ name }) => failures.includes(name)).length;
console.log(
  `${chosen.length - missed} of ${chosen.length} planted bugs caught, ` +
    `${names.filter((name) => !failures.includes(name)).length} of ${names.length} scenarios clean without one, ` +
    `${Math.round((performance.now() - began) / 1_000)} s`,
);
process.exit(failures.length === 0 ? 0 : 1);

/** @returns what the scenario found; a service that does not even start, or does not answer, was found out as well */
async function attempt(name: ScenarioName, mutant?: Mutant): Promise<Broken> {
  const { apis, workers, run } = scenarios[name];
  sources.plant(mutant?.patches ?? []);
  compile(sources.path);
  if (servers.redis) await servers.redis.kill().then(servers.redis.start);
  const rig = await startRig(servers, { seed: 1, apis, workers, checkout: sources.path });
  try {
    if (mutant?.sql) await rig.db.raw(mutant.sql);
    return await run(rig);
  } catch (error) {
    return { ends: [`the scenario came to no end: ${(error as Error).message}`] };
  } finally {
    await rig.stop();
  }
}

function show(broken: Broken): void {
  for (const [invariant, texts] of Object.entries(broken)) {
    for (const text of texts) console.log(`        ${invariant}: ${text.slice(0, 400)}`);
  }
}
