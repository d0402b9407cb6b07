// One trace from a till's request to the row it became: through the API, the queue, the worker and SQL, and, where the
// queue was of no use, through the sweep. Real processes, and a collector that they send to.

import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Captured, dumpQueue, start } from '../api/captured.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { backends, endProcess, nextRedisUrl, type QueueBackend, SECRET, tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import { type CollectedSpan, type Collector, startCollector } from './collector.ts';

const TRACING = '@customer-service/tracing';

for (const backend of backends) {
  describe(`a trace on ${backend}`, function () {
    this.timeout(120_000);
    traced(backend);
  });
}

function traced(backend: QueueBackend) {
  let database: TestDatabase;
  let collector: Collector;
  let environment: Record<string, string>;
  let api: Captured;
  const started: Captured[] = [];
  const run = async (name: 'api' | 'worker', imports = [TRACING], more: Record<string, string> = {}) => {
    const process = await start(name, { ...environment, ...more }, imports);
    started.push(process);
    return process;
  };

  before(async () => {
    [database, collector] = await Promise.all([createDatabase(), startCollector()]);
    environment = {
      ...{ DATABASE_URL: database.url, JWT_SECRET: SECRET, PORT: '0', LOG_LEVEL: 'info' },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' },
      ...(backend === 'redis' && { REDIS_URL: nextRedisUrl() }),
    };
    api = await run('api');
  });
  after(async () => {
    await Promise.all(started.map(({ child }) => endProcess(child)));
    await Promise.all([collector.close(), database.drop()]);
  });

  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${tokenFor('admin')}`, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as { id: string } };
  };
  const createCustomer = async () => (await post('/customers', { first_name: 'A', last_name: 'B' })).body.id;

  /** An earn, as a till posts it that traces its own requests. */
  async function earn(more: Record<string, string> = {}) {
    const customer = await createCustomer();
    const trace_id = randomBytes(16).toString('hex');
    const till = randomBytes(8).toString('hex');
    const key = randomUUID();
    const headers = { 'Idempotency-Key': key, traceparent: `00-${trace_id}-${till}-01`, ...more };
    const { status, body } = await post(`/customers/${customer}/loyalty/earn`, { points: 1 }, headers);
    return { status, trace_id, till, key, id: body.id };
  }

  const spansOf = (trace_id: string) => collector.spans.filter((span) => span.traceId === trace_id);
  const named = (spans: CollectedSpan[], name: RegExp) => spans.filter((span) => name.test(span.name));
  const decided = (trace_id: string) =>
    until(
      () => {
        const spans = spansOf(trace_id);
        return named(spans, /^decide$/).length > 0 && named(spans, /^POST/).length > 0 && spans;
      },
      { what: `the spans of ${trace_id}`, timeout_ms: 30_000 },
    );
  const linesOf = ({ output }: Captured): Record<string, unknown>[] =>
    output
      .join('')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const line = (process: Captured, wanted: (line: Record<string, unknown>) => boolean) =>
    until(() => linesOf(process).find(wanted), { what: 'a line of the log' });

  it('goes through API, queue, worker and SQL, and is in the logs of both', async () => {
    const worker = await run('worker');
    // On a busy machine the sweep may be quicker than a worker that has just begun: then another one is posted.
    const { posted, request_id, spans } = await until(
      async () => {
        const request_id = randomUUID();
        const posted = await earn({ 'X-Request-Id': request_id });
        const [decision] = named(await decided(posted.trace_id), /^decide$/);
        if (decision?.attributes['loyalty.decided_by'] !== 'queue') return false;
        const isThere = (name: RegExp) => named(spansOf(posted.trace_id), name).length > 0;
        await until(() => isThere(/^process/) && isThere(/^apply$/) && isThere(/^(add|addBulk) loyalty$/), {
          what: 'the spans of the ring and the worker',
          timeout_ms: 30_000,
        });
        return { posted, request_id, spans: spansOf(posted.trace_id) };
      },
      { what: 'a transaction that the queue brought', timeout_ms: 50_000 },
    );
    const { trace_id } = posted;

    const of = (service: string) => spans.filter((span) => span.service === `customer-service-${service}`);
    const [request] = named(of('api'), /^POST \/customers\/:customer_id\/loyalty\/earn$/);
    expect(request?.parentSpanId).to.equal(posted.till);
    expect(request?.attributes).to.deep.include({ 'http.response.status_code': 202, request_id });
    const [accept] = named(of('api'), /^accept$/);
    expect(accept?.parentSpanId).to.equal(request?.spanId);
    expect(named(of('api'), /^pg\.query/).filter((span) => span.parentSpanId === accept?.spanId)).to.have.length.above(
      0,
    );
    expect(named(of('api'), /^(add|addBulk) loyalty$/)).to.have.length.above(0);

    const [process] = named(of('worker'), /^process loyalty$/);
    const [apply] = named(of('worker'), /^apply$/);
    expect(apply?.parentSpanId).to.equal(process?.spanId);
    expect(
      named(of('worker'), /^pg\.query/).filter((span) => span.parentSpanId === apply?.spanId),
    ).to.have.length.above(3);
    expect(named(of('worker'), /^decide$/)[0]?.attributes['loyalty.decided_by']).to.equal('queue');

    const asked = await line(api, (each) => each.msg === 'request' && each.request_id === request_id);
    expect(asked.trace_id).to.equal(trace_id);
    const isIt = (each: Record<string, unknown>) => each.msg === 'applied' && String(each.trace_ids) === trace_id;
    expect((await line(worker, isIt)).by).to.equal('queue');
    await endProcess(worker.child);
  });

  it('that nobody works on is kept on the row, and the sweep joins it', async () => {
    const posted = await earn();
    expect(posted.status).to.equal(202);
    const [row] = await database.db('loyalty_transactions').where({ id: posted.id }).select('traceparent', 'status');
    expect(row.status).to.equal('pending');
    expect(row.traceparent).to.match(new RegExp(`^00-${posted.trace_id}-[0-9a-f]{16}-01$`));

    // A worker that no ring reaches: its queue is another one.
    const elsewhere = backend === 'redis' ? { REDIS_URL: nextRedisUrl() } : { REDIS_URL: 'redis://127.0.0.1:1' };
    const worker = await run('worker', [TRACING], elsewhere);
    const spans = await decided(posted.trace_id);
    const [decision] = named(spans, /^decide$/);
    expect(decision?.service).to.equal('customer-service-worker');
    expect(decision?.attributes).to.deep.include({
      ...{ 'loyalty.decided_by': 'sweep', 'loyalty.transactions': 1, 'loyalty.transaction_id': posted.id },
    });
    const applied = await line(worker, ({ msg, by }) => msg === 'applied' && by === 'sweep');
    expect(applied.trace_ids).to.deep.equal([posted.trace_id]);
    // The run, with its SQL, is a trace of its own that the decision links to.
    const sweep = await until(() => collector.spans.find(({ name }) => name === 'sweep'), { what: 'the sweep' });
    expect(decision?.links).to.deep.equal([sweep.traceId]);
    expect(named(spansOf(sweep.traceId), /^pg\.query/)).to.have.length.above(3);
    await endProcess(worker.child);
  });

  it('of a till that waits ends in the API', async () => {
    const posted = await earn({ Prefer: 'wait=5' });
    expect(posted.status).to.equal(200);
    const spans = await decided(posted.trace_id);
    expect(named(spans, /^decide$/)[0]?.attributes['loyalty.decided_by']).to.equal('request');
    expect([...new Set(spans.map(({ service }) => service))]).to.deep.equal(['customer-service-api']);
  });

  it('takes the trace along and nothing else that a client sends', async () => {
    const words = `words${randomBytes(8).toString('hex')}`;
    const posted = await earn({ baggage: `name=${words}`, tracestate: `shop=${words}` });
    await until(() => named(spansOf(posted.trace_id), /^(add|addBulk) loyalty$/).length > 0, { what: 'the ring' });
    for (const secret of [words, new URL(database.url).password, posted.key]) {
      expect(secret).to.have.length.above(8);
      expect(JSON.stringify(collector.spans)).not.to.include(secret);
    }
    if (backend === 'postgresql') expect(await dumpQueue(database.db)).not.to.include(words);
    const garbled = await earn({ traceparent: `00-${words}-00-01` });
    expect(garbled.status).to.equal(202);
  });

  it('has no span that began by itself, whatever goes on in the background', async () => {
    const roots = collector.spans.filter(({ parentSpanId }) => !parentSpanId);
    expect(roots.length).to.be.above(0);
    for (const { name } of roots) expect(name).to.match(/^(GET|POST|sweep)\b/);
  });

  it('is nothing where nobody asked for it', async () => {
    const plain = await run('api', []);
    const before_it = collector.spans.length;
    const traced_api = api;
    api = plain;
    const posted = await earn();
    api = traced_api;
    const [row] = await database.db('loyalty_transactions').where({ id: posted.id }).select('traceparent');
    expect(row.traceparent).to.equal(null);
    expect(await line(plain, ({ msg }) => msg === 'request')).not.to.have.property('trace_id');
    expect(spansOf(posted.trace_id), `${before_it} before`).to.deep.equal([]);
  });
}
