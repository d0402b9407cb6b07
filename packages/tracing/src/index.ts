// Records traces and sends them by OTLP over HTTP: `node --import @customer-service/tracing apps/api/dist/main.js`.
// Works by being loaded first, and is the only file that does. The variables are those of OpenTelemetry:
// OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER_ARG … Without --import nothing of this is read.

import { type Context, type SpanAttributes, SpanKind } from '@opentelemetry/api';
import { getNumberFromEnv, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';

/** `api` or `worker`, by the file that is started. */
const [, app = 'other'] = /apps\W(\w+)\W/.exec(process.argv[1] ?? '') ?? [];

const share = new TraceIdRatioBasedSampler(getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG') ?? 1);
/** Of the traces that begin here. BullMQ's own housekeeping, every few seconds, begins internal ones. */
const roots: Sampler = {
  shouldSample: (context: Context, traceId: string, _name: string, kind: SpanKind, _attributes: SpanAttributes) =>
    kind === SpanKind.INTERNAL ? { decision: SamplingDecision.NOT_RECORD } : share.shouldSample(context, traceId),
  toString: () => `roots that are not internal, ${share}`,
};

const provider = new NodeTracerProvider({
  resource: defaultResource()
    .merge(resourceFromAttributes({ 'service.name': `customer-service-${app}` }))
    .merge(detectResources({ detectors: [envDetector] })),
  sampler: new ParentBasedSampler({ root: roots }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
// The trace alone: a client's baggage and trace state are its own words, and would be kept in the queue.
provider.register({ propagator: new W3CTraceContextPropagator() });
registerInstrumentations({
  tracerProvider: provider,
  // What runs every half second whether there is work or not would be most of all traces.
  instrumentations: [new PgInstrumentation({ requireParentSpan: true })],
});
