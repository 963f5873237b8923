import { performance } from 'node:perf_hooks';
import {
  type Attributes,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import type { RedisManagerError } from '../errors.ts';
import type { RedisManager } from '../manager.ts';
import type { CallObserver, ObservedCall } from '../telemetry/index.ts';
import { type Place, placeOf } from './place.ts';

export interface InstrumentOptions {
  /** @default the global one */
  readonly tracerProvider?: TracerProvider;
  /** @default the global one */
  readonly meterProvider?: MeterProvider;
}

const SCOPE = '@taproot/redis';

/**
 * Makes a client span of each call and measures its duration, by OpenTelemetry's semantic conventions for databases
 * (https://opentelemetry.io/docs/specs/semconv/db/redis/), until the returned function is called. Keys, values and other arguments are never recorded.
 */
export function instrument(manager: RedisManager, options: InstrumentOptions = {}): () => void {
  const tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer(SCOPE);
  const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE);
  const duration = meter.createHistogram('db.client.operation.duration', {
    unit: 's',
    description: 'Duration of database client operations.',
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
  });
  const ready = meter.createObservableGauge('taproot.redis.ready', {
    description: '1 if the readiness probe passes.',
  });
  const observeReady = (result: { observe(value: number, attributes?: Attributes): void }): void =>
    result.observe(manager.state === 'ready' ? 1 : 0, { 'taproot.redis.state': manager.state });
  ready.addCallback(observeReady);
  const spans = new WeakMap<ObservedCall, Span>();
  const observer: CallObserver = {
    started(call) {
      const attributes = attributesOf(call, placeOf(manager.node));
      const target = call.script ?? '';
      const name = target === '' ? call.command : `${call.command} ${target}`;
      spans.set(call, tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }));
    },
    ended(call, error) {
      const outcome = outcomeOf(call, error);
      const place = placeOf(error?.node ?? manager.node);
      duration.record((performance.now() - call.startedAt) / 1000, {
        ...attributesOf(call, place),
        ...(error !== undefined && { 'error.type': error.code }),
      });
      const span = spans.get(call);
      if (error !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      span?.setAttributes(outcome).end();
    },
  };
  const stop = manager.observe(observer);
  return () => {
    stop();
    ready.removeCallback(observeReady);
  };
}

function attributesOf(call: ObservedCall, place: Place): Attributes {
  return {
    'db.system.name': 'redis',
    'db.operation.name': call.command,
    'server.address': place.address,
    ...(place.port !== undefined && { 'server.port': place.port }),
    ...(place.database !== undefined && { 'db.namespace': place.database }),
    ...(call.batchSize !== undefined && { 'db.operation.batch.size': call.batchSize }),
    ...(call.script !== undefined && { 'db.stored_procedure.name': call.script }),
  };
}

function outcomeOf(call: ObservedCall, error: RedisManagerError | undefined): Attributes {
  return {
    ...(call.attempts > 1 && { 'taproot.redis.attempts': call.attempts }),
    ...(error !== undefined && { 'error.type': error.code, 'taproot.redis.applied': error.applied }),
  };
}
