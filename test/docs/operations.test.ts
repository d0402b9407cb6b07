// The runbook: every alert has its section, every link leads somewhere, and every command in it exists as it is written.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runOps } from '../helpers/ops.ts';
import { readDocuments, readYaml } from '../ops/yaml.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');
const RUNBOOK = read('docs/operations.md');
/** As a page that renders Markdown names its sections. */
const anchors = [...RUNBOOK.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
  title
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s+/g, '-'),
);
/** What stands as code: in backticks, on one line or two, and in the blocks of a shell. */
const code = [
  ...[...RUNBOOK.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(([, text = '']) => text.replace(/\s+/g, ' ')),
  ...[...RUNBOOK.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n')),
];
const alerts: { alert: string; annotations: { runbook_url: string } }[] = readYaml(read('deploy/prometheus/rules.yml'))
  .groups.flatMap((group: { rules: object[] }) => group.rules)
  .filter((rule: { alert?: string }) => rule.alert !== undefined);

describe('docs/operations.md', () => {
  it('has a section for every alert, and every alert leads to its own', () => {
    expect(alerts).to.have.length.above(10);
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook_url).to.equal(`docs/operations.md#${alert.toLowerCase()}`);
      expect(anchors, alert).to.include(alert.toLowerCase());
    }
    const sections = [...RUNBOOK.matchAll(/^### ([A-Z]\w+)$/gm)].map(([, name]) => name);
    expect(sections, 'sections of alerts').to.have.members(alerts.map(({ alert }) => alert));
    for (const name of sections) {
      const text = RUNBOOK.split(`### ${name}\n`)[1]?.split('\n#')[0] ?? '';
      expect(text, `${name} says what to run`).to.match(/`(npm run ops|sum |select |docker )/);
    }
  });

  it('has links that lead somewhere', () => {
    for (const [, target = ''] of RUNBOOK.matchAll(/\]\(([^)]+)\)/g)) {
      const [file = '', anchor] = target.split('#');
      if (file === '') expect(anchors, target).to.include(anchor);
      else if (!/^https?:/.test(file)) expect(existsSync(`${ROOT}docs/${file}`), target).to.equal(true);
    }
  });

  it('has scripts, files and services that are there', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const { services } = readYaml(read('docker-compose.yml'));
    const deployments = ['api', 'worker']
      .flatMap(
        (name) =>
          readDocuments(read(`deploy/kubernetes/${name}.yaml`)) as { kind: string; metadata: { name: string } }[],
      )
      .map(({ kind, metadata }) => `${kind === 'Deployment' ? 'deploy' : kind}/${metadata.name}`);
    for (const line of code) {
      for (const [, script = ''] of line.matchAll(/npm run (?:--silent )?([\w:]+)/g))
        expect(scripts, line).to.have.property(script);
      for (const [, built = ''] of line.matchAll(/node (?:--import \S+ )?(apps\/\S+\.js)/g))
        expect(existsSync(ROOT + built.replace('/dist/', '/src/').replace(/js$/, 'ts')), line).to.equal(true);
      for (const [, rest = ''] of line.matchAll(/docker compose (?:up -d|run --rm|ps) (.*)/g))
        expect(Object.keys(services), line).to.include.members(
          line.includes('run --rm') ? [rest.split(' ')[0]] : rest.split(' '),
        );
      for (const [name] of line.matchAll(/\bdeploy\/(?:api|worker)\b/g)) expect(deployments, line).to.include(name);
    }
  });

  it('has commands of `npm run ops` that there are, with the options that they take', async function () {
    this.timeout(120_000);
    const uses = code.flatMap((line) =>
      [...line.matchAll(/npm run (?:--silent )?ops -- ([a-z].*)/g)].map(([, use = '']) => use),
    );
    const commands = new Map<string, Set<string>>();
    for (const use of uses) {
      const [command = '', second = ''] = use.split(' ');
      const name = command === 'quarantine' ? `${command} ${second}` : command;
      const options = commands.get(name) ?? new Set();
      for (const [option] of use.matchAll(/--[a-z-]+/g)) options.add(option);
      commands.set(name, options);
    }
    expect([...commands.keys()]).to.include.members(['status', 'explain', 'quarantine release', 'drain']);
    const helps = await Promise.all([...commands.keys()].map((name) => runOps({}, ...name.split(' '), '--help')));
    for (const [index, [name, options]] of [...commands].entries()) {
      expect(helps[index]?.code, name).to.equal(0);
      expect(helps[index]?.stdout).to.include(`Usage: ops ${name}`);
      for (const option of options) expect(helps[index]?.stdout, name).to.include(option);
    }
  });
});
