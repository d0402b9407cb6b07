// The metrics as they are served, against docs/metrics.md and against what was done: every figure that a dashboard shows
// is the figure that the ledger says.

import { type ChildProcess, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { routes } from '../../apps/api/src/routes.ts';
import {
  backends,
  endProcess,
  type QueueBackend,
  type Service,
  startProcess,
  startService,
} from '../helpers/service.ts';
import { createCustomer, earn, redeem, settled } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import { type Family, figure, readMetrics } from './exposition.ts';

const DOCS = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
const KINDS = 'counter|gauge|histogram|summary';

interface Documented {
  name: string;
  type: string;
  labels: string[];
  served_by: string[];
  help: string;
}

/** | `name` | type | `label`, `label` | api, worker | help | */
function documented(): Documented[] {
  const rows = DOCS.matchAll(new RegExp(`^\\| \`(\\w+)\` \\| (${KINDS}) \\| ([^|]*) \\| ([^|]*) \\| (.*) \\|$`, 'gm'));
  const words = (text: string) => [...text.matchAll(/\w+/g)].map(([word]) => word);
  return [...rows].map(([, name = '', type = '', labels = '', served_by = '', help = '']) => {
    return { name, type, help, labels: words(labels), served_by: words(served_by) };
  });
}

for (const backend of backends) describe(`the metrics on ${backend}`, () => served(backend));

function served(backend: QueueBackend) {
  let service: Service;
  let worker: { child: ChildProcess; ops_url?: string };
  let customer: string;
  const texts: Record<string, string> = {};
  const families: Record<string, Family[]> = {};

  const scrape = async () => {
    for (const [name, url] of [
      ['api', service.ops_url],
      ['worker', worker.ops_url],
    ] as const) {
      texts[name] = await (await fetch(`${url}/metrics`)).text();
      families[name] = readMetrics(texts[name]);
    }
  };
  const api = (name: string, labels?: Record<string, string>) => figure(families.api as Family[], name, labels);
  const ofWorker = (name: string, labels?: Record<string, string>) => figure(families.worker as Family[], name, labels);

  before(async () => {
    service = await startService({ backend });
    customer = await createCustomer(service);
    // Nobody rings for what nobody posted over HTTP: only the sweep finds it. So two are posted before there is a worker.
    const waiting = [await earn(service, customer, { points: 5 }), await earn(service, customer, { points: 6 })];
    await scrapeApi();
    // Another one's, and before there is a worker that could be as quick as the request.
    const regular = await createCustomer(service);
    await earn(service, regular, { points: 7 }, { Prefer: 'wait=5', 'Idempotency-Key': 'once' });
    await earn(service, regular, { points: 7 }, { Prefer: 'wait=5', 'Idempotency-Key': 'once' });
    await redeem(service, regular, 5_000, { Prefer: 'wait=5' });
    worker = await startProcess('worker', { ...service.environment, WORKER_OPS_PORT: '0' });
    for (const { headers } of waiting) await settled(service, headers.get('location') as string);
    await service.request('GET', '/customers', { role: null });
    await fetch(`${service.url}/no/such/path/${customer}`);
    await fetch(`${service.url}/customers/${customer}?private=x`, { method: 'TRACE' }).catch(() => {});
    await scrape();
  });
  after(async () => {
    if (worker) await endProcess(worker.child);
    await service.stop();
  });

  let before_worker: Family[];
  async function scrapeApi(): Promise<void> {
    before_worker = readMetrics(await (await fetch(`${service.ops_url}/metrics`)).text());
  }

  it('are those that docs/metrics.md lists, by name, type, labels and help', () => {
    const names = [...new Set(Object.values(families).flatMap((list) => list.map(({ name }) => name)))];
    const found = names.map((name) => {
      const in_which = Object.entries(families).filter(([, list]) => list.some((family) => family.name === name));
      const all = in_which.flatMap(([, list]) => list.filter((family) => family.name === name));
      const { type, help } = all[0] as Family;
      const labels = [
        ...new Set(all.flatMap(({ samples }) => samples.flatMap((sample) => Object.keys(sample.labels)))),
      ];
      return { name, type, labels: labels.sort(), served_by: in_which.map(([service]) => service), help };
    });
    const byName = (a: Documented, b: Documented) => (a.name < b.name ? -1 : 1);
    // What has had no occasion yet, such as a pause of the garbage collector, shows no labels.
    const told = documented().map((row) => {
      const labels = found.find(({ name }) => name === row.name)?.labels;
      return /^nodejs_gc/.test(row.name) ? { ...row, labels } : { ...row, labels: row.labels.sort() };
    });
    expect(found.sort(byName)).to.deep.equal((told as Documented[]).sort(byName));
  });

  it('keep the rules of Prometheus', function () {
    if (spawnSync('promtool', ['--version']).error !== undefined) {
      console.log('LEFT OUT: promtool check metrics, because there is no promtool (Debian: prometheus)');
      return this.skip();
    }
    for (const [name, input] of Object.entries(texts)) {
      const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
      expect({ name, status, stderr }).to.deep.equal({ name, status: 0, stderr: '' });
    }
  });

  it('count requests by the path as the route spells it, and never by the path that was asked for', () => {
    expect(api('http_requests_total', { route: '/customers', method: 'GET', status: '401' })).to.equal(1);
    expect(api('http_requests_total', { route: 'none', method: 'GET', status: '404' })).to.equal(1);
    expect(api('http_request_duration_seconds_count', { route: '/customers', method: 'POST' })).to.equal(2);
    const known = new Set([...routes.map(({ path }) => path), 'none']);
    const requests = families.api?.find(({ name }) => name === 'http_requests_total')?.samples ?? [];
    for (const { labels } of requests) expect(known).to.include(labels.route);
    expect(texts.api).not.to.include(customer);
  });

  it('say what was accepted, and what became of it by whom', () => {
    const accepted = 'customer_service_transactions_accepted_total';
    expect(api(accepted, { type: 'earn', outcome: 'accepted' })).to.equal(3);
    expect(api(accepted, { type: 'earn', outcome: 'replayed' })).to.equal(1);
    expect(api(accepted, { type: 'redeem', outcome: 'accepted' })).to.equal(1);

    const decided = 'customer_service_transactions_decided_total';
    expect(api(decided, { type: 'earn', outcome: 'applied', by: 'request' })).to.equal(1);
    expect(api(decided, { type: 'redeem', outcome: 'rejected', by: 'request' })).to.equal(1);
    const by = (name: string) => ofWorker(decided, { type: 'earn', outcome: 'applied', by: name }) as number;
    // They had waited for a worker: whichever of both came first has taken them.
    expect(by('queue') + by('sweep')).to.equal(2);
    expect(by('settling')).to.equal(0);
    expect(ofWorker('customer_service_transaction_latency_seconds_count')).to.equal(2);
    const lines = 'customer_service_apply_batch_transactions_sum';
    expect((ofWorker(lines, { by: 'queue' }) as number) + (ofWorker(lines, { by: 'sweep' }) as number)).to.equal(2);
  });

  it('say what waits, and for how long', async () => {
    expect(figure(before_worker, 'customer_service_pending_transactions')).to.equal(2);
    expect(figure(before_worker, 'customer_service_oldest_pending_age_seconds')).to.be.above(0);
    const waiting = { queue: 'loyalty', state: 'waiting' };
    await until(
      async () => {
        await scrape();
        return (
          api('customer_service_pending_transactions') === 0 &&
          api('customer_service_oldest_pending_age_seconds') === 0 &&
          api('customer_service_queue_jobs', waiting) === 0 &&
          (api('customer_service_queue_jobs', { queue: 'loyalty', state: 'completed' }) ?? 0) > 0
        );
      },
      { what: 'the gauges to come to rest' },
    );
    for (const dependency of ['database', 'queue']) {
      expect(api('customer_service_dependency_up', { dependency })).to.equal(1);
    }
  });
}
