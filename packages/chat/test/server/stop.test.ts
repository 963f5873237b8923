import type { Agent } from '@taproot/chat/server';
import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { cuttingProxy } from './support/cutting-proxy.ts';
import {
  ask,
  logOf,
  type Member,
  outcomes,
  standingText,
  startDeployment,
  typesIn,
  USER,
  untilOutcomes,
} from './support/deployment.ts';
import { HeldAgent } from './support/held-agent.ts';
import { BOB } from './support/site.ts';

/** Writes for ever, and keeps what its signal told it. */
function chatterer(): { agent: Agent; aborted: () => boolean } {
  let signal: AbortSignal | undefined;
  const agent: Agent = {
    name: 'chatterer',
    async *run(context) {
      signal = context.signal;
      for (let n = 0; ; n++) {
        yield { type: 'text-delta', id: 't', delta: `${n} ` };
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  };
  return { agent, aborted: () => signal?.aborted ?? false };
}

async function runsOf(member: Member, thread: string): Promise<string[]> {
  return [...new Set((await logOf(member, thread)).map(({ run }) => run))];
}

async function untilWriting(member: Member, thread: string): Promise<string> {
  await eventually(async () => expect(typesIn(await logOf(member, thread))).toContain('text-delta'));
  const [run = ''] = await runsOf(member, thread);
  return run;
}

test('a running answer that is stopped keeps its text, ends there, and its agent is told', async () => {
  const deployment = await startDeployment();
  const { agent, aborted } = chatterer();
  // With a lease this long only the published word can be what told the worker.
  const worker = await deployment.server(agent, { role: 'worker', leaseMs: 60_000 });
  const gateway = await deployment.server(agent, { role: 'gateway' });
  const thread = await ask(gateway);
  const run = await untilWriting(gateway, thread);
  expect(await gateway.chat.threads.stop(USER, thread, { run })).toEqual({ run, outcome: 'stopped' });
  await eventually(() => expect(aborted()).toBe(true));
  await eventually(() => expect(worker.chat.load.runs).toBe(0));
  const logged = await logOf(gateway, thread);
  expect(typesIn(logged).filter((type) => type === 'run-ended')).toHaveLength(1);
  expect(logged.at(-1)?.event).toEqual({ type: 'run-ended', outcome: 'stopped' });
  expect(standingText(logged)).toMatch(/^0 1 /);
  expect(await gateway.chat.threads.get(USER, thread)).toMatchObject({ status: 'idle' });
  await eventually(async () => expect(await deployment.redis.cli('KEYS', 'taproot:{pending:*}')).toBe('[]'));
  expect([...worker.errors, ...gateway.errors]).toEqual([]);
});

test('an agent that says nothing is told at once as well', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  // Neither a refused append nor a renewal of this lease tells it.
  const worker = await deployment.server(held.agent, { role: 'worker', leaseMs: 60_000 });
  const gateway = await deployment.server(held.agent, { role: 'gateway' });
  const thread = await ask(gateway);
  const run = await untilWriting(gateway, thread);
  await gateway.chat.threads.stop(USER, thread, { run });
  await eventually(() => expect(worker.chat.load.runs).toBe(0));
});

test('what a worker had on its way when its run was stopped is not added', async () => {
  const deployment = await startDeployment();
  const { agent } = chatterer();
  const proxy = await cuttingProxy(deployment.redis);
  const worker = await deployment.server(agent, { role: 'worker', leaseMs: 60_000, redisUrl: proxy.url });
  const gateway = await deployment.server(agent, { role: 'gateway' });
  const thread = await ask(gateway);
  const run = await untilWriting(gateway, thread);
  proxy.arm('EVALSHA', 'held');
  await eventually(() => expect(proxy.cut).toBe(true));
  await gateway.chat.threads.stop(USER, thread, { run });
  proxy.release();
  await eventually(() => expect(worker.chat.load.runs).toBe(0));
  const record = `taproot:{thread:${thread}}:run:${run}`;
  expect(await deployment.redis.cli('HGET', record, 'fence')).toBe('2');
  expect((await logOf(gateway, thread)).at(-1)?.event).toEqual({ type: 'run-ended', outcome: 'stopped' });
});

test('a message that waits is taken off the queue, also by its id, and the others go on', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const member = await deployment.server(held.agent);
  const { threads } = member.chat;
  const thread = await ask(member, 'one');
  await eventually(() => expect(held.begun).toEqual(['one']));
  await threads.send(USER, thread, 'm-2', [{ type: 'text', text: 'two' }]);
  await ask(member, 'three', thread);
  expect(await threads.stop(USER, thread, { id: 'm-2' })).toMatchObject({ outcome: 'stopped' });
  held.release();
  await untilOutcomes(member, thread, ['stopped', 'done', 'done']);
  expect(held.begun).toEqual(['one', 'three']);
});

test('a run that ended before keeps its outcome, also long after', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  held.release();
  const member = await deployment.server(held.agent);
  const { threads } = member.chat;
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['done']);
  const [run = ''] = await runsOf(member, thread);
  expect(await threads.stop(USER, thread, { run })).toEqual({ run, outcome: 'done' });
  // Records of ended runs expire.
  await deployment.redis.cli('DEL', `taproot:{thread:${thread}}:run:${run}`);
  expect(await threads.stop(USER, thread, { run })).toEqual({ run, outcome: 'done' });
  expect(await outcomes(member, thread)).toEqual(['done']);
});

test('two tabs that stop at once, on two gateways, end the run once and are told the same', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const members = [await deployment.server(held.agent), await deployment.server(held.agent)];
  const [one] = members as [Member, Member];
  for (let round = 0; round < 10; round++) {
    const { id: thread } = await one.chat.threads.create(USER);
    const { run } = await one.chat.threads.send(USER, thread, 'm-1', [{ type: 'text', text: 'hi' }]);
    const stopped = await Promise.all(
      [...members, ...members].map(({ chat }, i) =>
        chat.threads.stop(USER, thread, i % 2 === 0 ? { run } : { id: 'm-1' }),
      ),
    );
    expect(stopped).toEqual(Array(4).fill({ run, outcome: 'stopped' }));
    expect(await outcomes(one, thread)).toEqual(['stopped']);
  }
});

test("somebody else's run, and one that is not there, are not stopped", async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const member = await deployment.server(held.agent);
  const { threads } = member.chat;
  const thread = await ask(member);
  const run = await untilWriting(member, thread);
  for (const target of [{ run }, { id: 'm-1' }])
    await expect(threads.stop(BOB, thread, target)).rejects.toMatchObject({ code: 'not-found' });
  for (const target of [{ run: 'r0' }, { id: 'm-0' }])
    await expect(threads.stop(USER, thread, target)).rejects.toMatchObject({
      code: 'unknown-target',
      applied: 'no',
    });
  expect(await outcomes(member, thread)).toEqual([]);
  held.release();
  await untilOutcomes(member, thread, ['done']);
});

test('a run whose worker is lost is stopped before it is taken over, and nobody takes it over', async () => {
  const deployment = await startDeployment();
  const { agent } = chatterer();
  const lost = await deployment.server(agent, { role: 'worker' });
  const gateway = await deployment.server(agent, { role: 'gateway' });
  const thread = await ask(gateway);
  const run = await untilWriting(gateway, thread);
  await lost.manager.close();
  await gateway.chat.threads.stop(USER, thread, { run });
  const heir = await deployment.server(agent, { role: 'worker' });
  // The next message is answered by it, so it has looked at the thread.
  await ask(gateway, 'next', thread);
  await eventually(() => expect(heir.chat.load.runs).toBe(1));
  expect(typesIn(await logOf(gateway, thread))).not.toContain('run-resumed');
  expect(await outcomes(gateway, thread)).toEqual(['stopped']);
});

test('a run that is stopped in the middle of its takeover ends there: its new owner writes nothing', async () => {
  const deployment = await startDeployment();
  const { agent } = chatterer();
  const lost = await deployment.server(agent, { role: 'worker' });
  const gateway = await deployment.server(agent, { role: 'gateway' });
  const thread = await ask(gateway);
  const run = await untilWriting(gateway, thread);
  const proxy = await cuttingProxy(deployment.redis);
  // The new owner has the run by then, and is about to read what there is of it.
  proxy.arm('XRANGE', 'held');
  await lost.manager.close();
  const heir = await deployment.server(agent, { role: 'worker', redisUrl: proxy.url });
  await eventually(() => expect(proxy.cut).toBe(true));
  const { length } = await logOf(gateway, thread);
  expect(await gateway.chat.threads.stop(USER, thread, { run })).toEqual({ run, outcome: 'stopped' });
  proxy.release();
  await ask(gateway, 'next', thread);
  await eventually(() => expect(heir.chat.load.runs).toBe(1), { timeoutMs: 30_000 });
  const logged = (await logOf(gateway, thread)).filter((entry) => entry.run === run);
  expect(logged).toHaveLength(length + 1);
  expect(logged.at(-1)?.event).toEqual({ type: 'run-ended', outcome: 'stopped' });
});
