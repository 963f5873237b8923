import { type Context, context, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager, defineScript, type RedisManager } from '../../src/index.ts';
import { instrument } from '../../src/opentelemetry/index.ts';

interface Recorded {
  readonly redis: TestRedis;
  readonly manager: RedisManager;
  readonly spans: () => Promise<readonly ReadableSpan[]>;
  /** Data points of the duration histogram: attributes and how many. */
  readonly durations: () => Promise<{ attributes: Record<string, unknown>; count: number }[]>;
  readonly stop: () => void;
}

async function recorded(): Promise<Recorded> {
  const redis = await startRedis();
  const manager = createRedisManager({ url: redis.url, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => meterProvider.shutdown());
  const stop = instrument(manager, { tracerProvider, meterProvider });
  const durations = async (): Promise<{ attributes: Record<string, unknown>; count: number }[]> => {
    await reader.forceFlush();
    const metrics =
      metricExporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    const duration = metrics.find(({ descriptor }) => descriptor.name === 'db.client.operation.duration');
    return (duration?.dataPoints ?? []).map(({ attributes, value }) => ({
      attributes,
      count: (value as { count: number }).count,
    }));
  };
  const spans = async (): Promise<readonly ReadableSpan[]> => {
    await tracerProvider.forceFlush();
    return exporter.getFinishedSpans();
  };
  return { redis, manager, spans, durations, stop };
}

test('each call is a client span by the conventions for databases, and tells no keys and no values', async () => {
  const { redis, manager, spans } = await recorded();
  const { port } = new URL(redis.url);
  await manager.commands.set('customer:42', 'a secret');
  await manager.commands.get('customer:42');
  const [set, get] = await spans();
  expect([set?.name, get?.name]).toEqual(['SET', 'GET']);
  expect(set?.kind).toBe(2);
  expect(set?.attributes).toEqual({
    'db.system.name': 'redis',
    'db.operation.name': 'SET',
    'server.address': '127.0.0.1',
    'server.port': Number(port),
  });
  const told = JSON.stringify(
    (await spans()).map(({ name, attributes, events, status }) => [name, attributes, events, status]),
  );
  expect(told).not.toMatch(/customer|secret/);
});

test('a failed call ends its span with the error code, and whether it was applied', async () => {
  const { manager, spans, durations } = await recorded();
  await manager.commands.set('text', 'x');
  await expect(manager.commands.lPush('text', 'y')).rejects.toMatchObject({ code: 'wrongtype' });
  const push = (await spans()).at(-1);
  expect(push?.status.code).toBe(2);
  expect(push?.attributes).toMatchObject({ 'error.type': 'wrongtype', 'taproot.redis.applied': 'no' });
  expect(await durations()).toContainEqual({
    attributes: expect.objectContaining({ 'db.operation.name': 'LPUSH', 'error.type': 'wrongtype' }),
    count: 1,
  });
});

test('a script and a transaction are named as such', async () => {
  const { manager, spans } = await recorded();
  const script = defineScript('orders.add', 'return 1');
  await manager.script(script, { keys: [], args: [] });
  await manager.multi().set('a', '1').set('b', '2').exec();
  const named = (await spans()).map(({ name, attributes }) => [
    name,
    attributes['db.stored_procedure.name'],
    attributes['db.operation.batch.size'],
  ]);
  expect(named.filter(([name]) => String(name).endsWith('orders.add')).at(-1)).toEqual([
    'EVAL orders.add',
    'orders.add',
    undefined,
  ]);
  expect(named.at(-1)).toEqual(['MULTI', undefined, 2]);
});

test('a span belongs to what its caller is doing', async () => {
  const { manager, spans } = await recorded();
  const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  const active: Context = trace.setSpanContext(context.active(), parent);
  const contexts = new StackContextManager();
  context.setGlobalContextManager(contexts.enable());
  onTestFinished(() => context.disable());
  await context.with(active, () => manager.commands.get('x'));
  expect((await spans()).at(-1)?.parentSpanContext?.spanId).toBe(parent.spanId);
});

test('after it was stopped nothing is recorded, and the manager lives', async () => {
  const { manager, spans, stop } = await recorded();
  await manager.commands.get('x');
  stop();
  await manager.commands.get('x');
  expect(await spans()).toHaveLength(1);
});
