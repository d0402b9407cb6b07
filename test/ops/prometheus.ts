// A real Prometheus with the configuration that is deployed, on targets of a test; where the machine has one.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../helpers/redis.ts';
import { until } from '../helpers/until.ts';
import { readYaml } from './yaml.ts';

export const FOLDER = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

/** False, and a line that says what is left out, when there is none. */
export function hasPrometheus(what: string): boolean {
  const missing = ['prometheus', 'promtool'].filter((name) => spawnSync(name, ['--version']).status !== 0);
  if (missing.length > 0) console.log(`LEFT OUT: ${what}, because there is no ${missing.join(' and no ')}`);
  return missing.length === 0;
}

export interface Sample {
  metric: Record<string, string>;
  value: number;
}

export interface Alert {
  labels: Record<string, string>;
  state: 'pending' | 'firing';
}

export interface Prometheus {
  query(expression: string): Promise<Sample[]>;
  /** Of alerts that are firing, their names. */
  firing(): Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * @param targets of each job of prometheus.yml, host and port
 * @param rules the text of the rules to evaluate
 */
export async function startPrometheus(
  targets: Record<string, string[]>,
  rules = readFileSync(join(FOLDER, 'rules.yml'), 'utf8'),
): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'customer-service-prometheus-'));
  const port = await freePort();
  const config = readYaml(readFileSync(join(FOLDER, 'prometheus.yml'), 'utf8'));
  writeFileSync(join(folder, 'rules.yml'), rules);
  // JSON is YAML.
  const jobs = config.scrape_configs.map(({ job_name }: { job_name: string }) => {
    return { job_name, static_configs: [{ targets: targets[job_name] ?? [] }] };
  });
  const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ ...config, global, scrape_configs: jobs }));
  const child = spawn(
    'prometheus',
    [
      ...[`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=error'],
    ],
    { stdio: 'ignore' },
  );
  process.once('exit', () => child.kill('SIGKILL'));
  const api = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    // biome-ignore lint/suspicious/noExplicitAny: Prometheus's own documents
    const { status, data, error } = (await answer.json()) as any;
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  };
  await until(() => ready(child, port), { what: 'Prometheus', timeout_ms: 60_000, every_ms: 100 });
  return {
    query: async (expression) => {
      const { result } = await api(`/api/v1/query?query=${encodeURIComponent(expression)}`);
      return result.map(({ metric, value }: { metric: Record<string, string>; value: [number, string] }) => ({
        metric,
        value: Number(value[1]),
      }));
    },
    firing: async () => {
      const { alerts } = (await api('/api/v1/alerts')) as { alerts: Alert[] };
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname as string);
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ready(child: ChildProcess, port: number): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`Prometheus ended with code ${child.exitCode}`);
  return fetch(`http://127.0.0.1:${port}/-/ready`).then(
    (answer) => answer.ok,
    () => false,
  );
}
