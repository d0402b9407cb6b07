// Traces, when somebody has loaded packages/tracing; without it every call here does nothing and costs next to nothing.
// A trace begins with a till's request, is kept on the row as a W3C `traceparent`, and goes on wherever the row is decided.

import {
  context,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { BullMQOtel } from 'bullmq-otel';

const TRACER = 'customer-service';

/** Whether traces are recorded in this process. */
export function isTracing(): boolean {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider && provider.getDelegateTracer(TRACER) !== undefined;
}

/** Of the span that is active now, for another process or a later moment; null without one. */
export function currentTraceparent(): string | null {
  if (trace.getActiveSpan() === undefined) return null;
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent ?? null;
}

/** The id that logs and traces have in common; undefined when nothing is traced. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

const KINDS = { server: SpanKind.SERVER, consumer: SpanKind.CONSUMER, internal: SpanKind.INTERNAL };

interface SpanTerms {
  name: string;
  /** `consumer`: takes what waits. A trace that begins with neither is housekeeping, and not recorded. */
  kind?: keyof typeof KINDS;
  /** What it is a part of; null begins a trace. What can't be read begins one too. */
  parent: string | null;
}

/** Runs it as a span of that trace, with whatever it asks of the database and the queue. */
export function inTrace<T>(
  { name, kind = 'internal', parent }: SpanTerms,
  run: (span: Span) => Promise<T>,
): Promise<T> {
  return trace.getTracer(TRACER).startActiveSpan(name, { kind: KINDS[kind] }, contextOf(parent), async (span) => {
    try {
      return await run(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

const contextOf = (traceparent: string | null) =>
  traceparent === null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });

interface Run {
  posted: ReadonlyMap<string, { traceparent: string | null }>;
  lines: readonly { id: string | null }[];
  started_at: number;
  duration_ms: number;
}

/**
 * Says in every trace that a transaction of this run was posted in that it was decided now, with a link to the run.
 * @returns the ids of those traces, also when this process records none itself
 */
export function traceDecisions(by: string, { posted, lines, started_at, duration_ms }: Run): string[] {
  const traces = new Map<string, string[]>();
  for (const { id } of lines) {
    const traceparent = id === null ? null : (posted.get(id)?.traceparent ?? null);
    if (id === null || traceparent === null) continue;
    const ids = traces.get(traceparent);
    if (ids === undefined) traces.set(traceparent, [id]);
    else ids.push(id);
  }
  const run = trace.getActiveSpan()?.spanContext();
  for (const [traceparent, ids] of traces) {
    const attributes = {
      ...{ 'loyalty.decided_by': by, 'loyalty.transactions': ids.length },
      ...(ids.length === 1 && { 'loyalty.transaction_id': ids[0] as string }),
    };
    const options = { attributes, startTime: started_at, links: run === undefined ? [] : [{ context: run }] };
    trace
      .getTracer(TRACER)
      .startSpan('decide', options, contextOf(traceparent))
      .end(started_at + duration_ms);
  }
  return [...new Set([...traces.keys()].map((traceparent) => traceparent.split('-')[1] as string))];
}

/** What BullMQ carries a trace through the queue with; nothing when there is none to carry. */
export function queueTelemetry(): { telemetry?: BullMQOtel } {
  return isTracing() ? { telemetry: new BullMQOtel({ tracerName: TRACER }) } : {};
}

/** Sends what has been recorded; the last thing a process does. */
export async function flushTraces(): Promise<void> {
  const provider = trace.getTracerProvider();
  if (!(provider instanceof ProxyTracerProvider)) return;
  await (provider.getDelegate() as { forceFlush?(): Promise<void> }).forceFlush?.();
}
