import { once } from 'node:events';
import type { Agent, RunContext } from '@taproot/chat/server';
import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { Appender } from '../../src/server/runs/appender.ts';
import { MAX_STEP_BYTES } from '../../src/server/runs/steps.ts';
import { threadKeys } from '../../src/server/threads/keys.ts';
import { cuttingProxy } from './support/cutting-proxy.ts';
import { ask, logOf, startDeployment, typesIn, USER, untilOutcomes } from './support/deployment.ts';
import { HeldAgent } from './support/held-agent.ts';

test('a step that is still under way when its agent fails is told to stop, and is not in the log', async () => {
  const deployment = await startDeployment();
  const late = Promise.withResolvers<void>();
  const told: unknown[] = [];
  const agent: Agent = {
    name: 'hasty',
    async *run({ step, message }: RunContext) {
      yield { type: 'text-delta', id: 't', delta: 'both ' };
      if (message.text !== 'first') return;
      const bad = step('bad', {}, async () => {
        throw new TypeError('no');
      });
      const slow = step('slow', {}, async ({ signal }) => {
        signal.addEventListener('abort', () => told.push(signal.reason));
        await late.promise;
        return 'late';
      });
      await Promise.all([slow, bad]);
    },
  };
  const member = await deployment.server(agent);
  const thread = await ask(member, 'first');
  await untilOutcomes(member, thread, ['error agent']);
  expect(told).toHaveLength(1);
  late.resolve();
  await ask(member, 'second', thread);
  await untilOutcomes(member, thread, ['error agent', 'done']);
  const logged = await logOf(member, thread);
  const first = logged.filter(({ run }) => run === logged[0]?.run);
  expect(first.at(-1)?.event).toMatchObject({ type: 'run-ended' });
  expect(typesIn(first).filter((type) => type === 'tool_completed')).toHaveLength(1);
});

test('what a step returns after it was told to stop is not recorded, while its run still writes its end', async () => {
  const deployment = await startDeployment();
  const member = await deployment.server({
    name: 'impatient',
    async *run({ step }) {
      const slow = step('slow', {}, async ({ signal }) => once(signal, 'abort').then(() => 'too late'));
      slow.catch(() => undefined);
      const begun = async (): Promise<void> =>
        expect(typesIn(await logOf(member, thread))).toContain('tool_executing');
      await eventually(begun);
      // It is open when the run ends, and its end has to be stored first.
      yield { type: 'text-start', id: 't' };
      yield { type: 'text-delta', id: 't', delta: 'enough' };
    },
  });
  const { id: thread } = await member.chat.threads.create(USER);
  await ask(member, 'a question', thread);
  await untilOutcomes(member, thread, ['done']);
  const types = typesIn(await logOf(member, thread));
  expect(types).not.toContain('tool_completed');
  expect(types.slice(-3)).toEqual(['text-end', 'agent_completed', 'run-ended']);
});

test('a step that its agent did not wait for costs no process', async () => {
  const deployment = await startDeployment();
  const unhandled: unknown[] = [];
  const note = (reason: unknown): number => unhandled.push(reason);
  process.on('unhandledRejection', note);
  const member = await deployment.server({
    name: 'careless',
    async *run({ step }) {
      void step('floating', {}, async ({ signal }) => once(signal, 'abort'));
      yield { type: 'text-delta', id: 't', delta: 'gone' };
    },
  });
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['done']);
  await ask(member, 'again', thread);
  await untilOutcomes(member, thread, ['done', 'done']);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('an appender takes nothing after the end of its run', async () => {
  const deployment = await startDeployment();
  const { manager } = await deployment.server(new HeldAgent().agent, { role: 'gateway' });
  const { log, run } = threadKeys('t');
  await manager.log.create(log);
  await deployment.redis.cli('HSET', run('r'), 'fence', '1');
  const appender = new Appender({
    ...{ manager, log, record: run('r'), run: 'r', fence: 1 },
    signal: new AbortController().signal,
    maxBufferedBytes: 10,
  });
  const ended = appender.end(async () => undefined);
  const late = appender.event({ type: 'agent_thinking' });
  await ended;
  await expect(late).rejects.toMatchObject({ code: 'ended' });
  await expect(appender.event({ type: 'agent_thinking' })).rejects.toMatchObject({ code: 'ended' });
  await expect(appender.chunk({ type: 'text-delta', id: 't', delta: 'too late' })).rejects.toMatchObject({
    code: 'ended',
  });
  expect(await manager.log.read(log, 1)).toEqual([]);
});

test('a run that cannot be written to is let go of after its deadline, and ends when it can', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const member = await deployment.server(held.agent, { runDeadlineMs: 1500 });
  const thread = await ask(member);
  await eventually(() => expect(held.begun).toHaveLength(1));
  const { stream } = threadKeys(thread).log;
  await deployment.redis.cli('RENAME', stream, `${stream}:away`);
  await deployment.redis.cli('SET', stream, 'something else');
  held.release();
  await eventually(() => expect(member.chat.load.runs).toBe(0));
  await deployment.redis.cli('RENAME', `${stream}:away`, stream);
  await untilOutcomes(member, thread, ['error deadline']);
});

test('a worker that stops while it takes a run on gives it back', async () => {
  const deployment = await startDeployment();
  const proxy = await cuttingProxy(deployment.redis);
  const gateway = await deployment.server(new HeldAgent().agent, { role: 'gateway' });
  const worker = await deployment.server(new HeldAgent().agent, { role: 'worker', redisUrl: proxy.url });
  // The run is its own by then, and it asks what the run is about.
  proxy.arm('HMGET', 'held');
  const thread = await ask(gateway);
  await eventually(() => expect(proxy.cut).toBe(true));
  const closed = worker.chat.close();
  proxy.release();
  await closed;
  const [run = ''] = (await logOf(gateway, thread)).map((entry) => entry.run);
  const left = await deployment.redis.cli('HMGET', threadKeys(thread).run(run), 'state', 'released');
  expect(JSON.parse(left)).toEqual(['running', '1']);
});

test("a step's result is measured in bytes", async () => {
  const deployment = await startDeployment();
  const member = await deployment.server({
    name: 'wordy',
    async *run({ step }) {
      await step('fits', {}, async () => 'ä'.repeat((MAX_STEP_BYTES - 2) / 2));
      const told = await step('large', {}, async () => 'ä'.repeat(MAX_STEP_BYTES / 2)).catch(String);
      yield { type: 'text-delta', id: 't', delta: String(told) };
    },
  });
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['done']);
  const logged = await logOf(member, thread);
  const failed = logged.flatMap(({ event }) =>
    event.type === 'tool_completed' && event.error !== undefined ? [event] : [],
  );
  expect(failed).toEqual([
    expect.objectContaining({ tool: 'large', error: expect.stringContaining('262146') }),
  ]);
});
