// The dashboard and the alerts: files that promtool and Grafana read, and a real Prometheus that scrapes a running
// service finds data for every expression in them.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { backends, endProcess, type Service, startProcess, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import { type Receiver, startReceiver } from '../helpers/webhooks.ts';
import { accept, aTransaction } from '../store/fixtures.ts';
import { FOLDER, hasPrometheus, type Prometheus, startPrometheus } from './prometheus.ts';
import { readYaml } from './yaml.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const dashboard = JSON.parse(read('deploy/grafana/dashboards/customer-service.json'));
const METRICS = read('docs/metrics.md');

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: object;
  targets?: { expr: string; datasource: object; refId: string }[];
}

const panels = dashboard.panels as Panel[];
const expressions = panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => ({ panel: panel.title, expr })));

const VARIABLE = '$' + '{datasource}';

/** Names of metrics in an expression of PromQL; those of recorded rules have colons. */
const metricsIn = (expression: string) =>
  [...expression.replace(/"[^"]*"/g, '""').matchAll(/\b(?:customer_service|http|nodejs|process)_\w+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );

describe('the dashboard', () => {
  it('is one that Grafana provisions under a fixed address, on any datasource', () => {
    expect(dashboard).to.include({ id: null, uid: 'customer-service', title: 'Customer Service' });
    expect(dashboard.schemaVersion).to.be.at.least(39);
    const [variable] = dashboard.templating.list;
    expect(variable).to.include({ type: 'datasource', query: 'prometheus', name: 'datasource' });
    for (const { title, type, datasource, targets = [], description } of panels.filter(({ type }) => type !== 'row')) {
      expect(['stat', 'timeseries'], title).to.include(type);
      expect(description, title).to.be.a('string');
      for (const each of [datasource, ...targets.map((target) => target.datasource)])
        expect(each, title).to.deep.equal({ type: 'prometheus', uid: VARIABLE });
    }
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
    const provider = readYaml(read('deploy/grafana/provisioning/dashboards/customer-service.yml'));
    expect(read('docker-compose.yml')).to.include(`./deploy/grafana/dashboards:${provider.providers[0].options.path}`);
  });

  it('asks for metrics that docs/metrics.md lists, and so do the alerts', () => {
    const rules = readYaml(read('deploy/prometheus/rules.yml')).groups.flatMap(
      (group: { rules: { expr: string }[] }) => group.rules,
    );
    const all = [...expressions, ...rules].flatMap(({ expr }) => metricsIn(expr));
    expect(new Set(all).size).to.be.above(15);
    for (const name of new Set(all)) expect(METRICS, name).to.include(`\`${name}\``);
  });
});

describe('the alerts', () => {
  it('are sound, and each fires when it should and not when it should not', function () {
    if (!hasPrometheus('the rules of Prometheus')) this.skip();
    for (const args of [
      ['check', 'config', 'prometheus.yml'],
      ['test', 'rules', 'rules.test.yml', 'rules-slow.test.yml'],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' });
      expect(status, stdout + stderr).to.equal(0);
    }
  });

  it('each have a test of both', () => {
    const rules = readYaml(read('deploy/prometheus/rules.yml')).groups.flatMap(
      (group: { rules: object[] }) => group.rules,
    );
    const names = rules.map(({ alert }: { alert?: string }) => alert).filter(Boolean);
    const tests = ['rules.test.yml', 'rules-slow.test.yml'].flatMap(
      (file) => readYaml(read(`deploy/prometheus/${file}`)).tests,
    );
    const checks = tests.flatMap(
      (test: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }) => test.alert_rule_test,
    );
    for (const name of names) {
      const of_it = checks.filter(({ alertname }) => alertname === name).map(({ exp_alerts }) => exp_alerts.length > 0);
      expect(of_it, name).to.include.members([true, false]);
    }
  });
});

describe('a Prometheus that scrapes the service', function () {
  this.timeout(180_000);
  let service: Service;
  let worker: Awaited<ReturnType<typeof startProcess>>;
  let prometheus: Prometheus;
  let customer: string;
  let receiver: Receiver;

  before(async function () {
    if (!hasPrometheus('a Prometheus that scrapes the service')) return this.skip();
    const environment = { WEBHOOKS_ALLOW_PRIVATE: '1' };
    service = await startService({ backend: backends.at(-1) as (typeof backends)[number], environment });
    worker = await startProcess('worker', { ...service.environment, WORKER_OPS_PORT: '0' });
    const addressOf = (url: string | undefined) => [new URL(url as string).host];
    prometheus = await startPrometheus({ api: addressOf(service.ops_url), worker: addressOf(worker.ops_url) });
    customer = await createCustomer(service);
    receiver = await startReceiver();
    await service.request('POST', '/webhook-endpoints', { body: { url: receiver.url } });
  });
  after(async () => {
    if (service === undefined) return;
    await receiver?.stop();
    await prometheus?.stop();
    await endProcess(worker.child);
    await service.stop();
  });

  /** Something of each kind, so that there is a rate of it. */
  async function traffic(): Promise<void> {
    await earn(service, customer, { points: 10 });
    await redeem(service, customer, 1_000_000);
    await earn(service, customer, { points: 1 }, { Prefer: 'wait=5' });
    await accept(service.database.db, aTransaction(customer));
    await service.request('GET', '/nowhere');
  }

  it('finds data for every expression of the dashboard', async () => {
    const missing = new Map(expressions.map(({ panel, expr }) => [expr, panel]));
    await until(
      async () => {
        await traffic();
        for (const expr of [...missing.keys()]) {
          const samples = await prometheus.query(expr.replaceAll('$__rate_interval', '15s'));
          if (samples.some(({ value }) => Number.isFinite(value))) missing.delete(expr);
        }
        return missing.size === 0;
      },
      { timeout_ms: 120_000, every_ms: 500 },
    ).catch((error) => {
      throw new Error(`${error.message}; nothing for ${JSON.stringify([...missing])}`);
    });
  });

  it('has every rule evaluated, and nobody woken', async () => {
    for (const record of ['sweep_share', 'error_share'])
      await until(async () => (await prometheus.query(`customer_service:${record}:ratio_rate5m`)).length === 1, {
        ...{ what: record, timeout_ms: 30_000 },
      });
    expect(await prometheus.firing()).to.deep.equal([]);
  });
});
