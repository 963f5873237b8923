import type { Agent, RunContext } from '@taproot/chat/server';
import { eventually, faultProxy } from '@taproot/testkit';
import { expect, test } from 'vitest';
import {
  ask,
  logOf,
  outcomes,
  standingText,
  startDeployment,
  typesIn,
  untilOutcomes,
} from './support/deployment.ts';

/** Two steps with text around them. The named gate holds it until it is opened. */
class Tale {
  readonly executed: string[] = [];
  readonly keys: string[] = [];
  #open: () => void = () => undefined;
  readonly #gate = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }

  /** `holdAt`: waits there for `open()`. */
  agent(holdAt?: 'first' | 'second' | 'text'): Agent {
    const tale = this;
    return {
      name: 'tale',
      async *run(context: RunContext) {
        yield { type: 'text-start', id: 't' };
        yield { type: 'text-delta', id: 't', delta: 'once ' };
        const first = await context.step('first', { n: 1 }, (step) =>
          tale.#execute('first', step.stepKey, holdAt),
        );
        yield { type: 'text-delta', id: 't', delta: `${first} ` };
        const second = await context.step('second', { n: 2 }, (step) =>
          tale.#execute('second', step.stepKey, holdAt),
        );
        yield { type: 'text-delta', id: 't', delta: `${second} ` };
        if (holdAt === 'text') await tale.#gate;
        yield { type: 'text-delta', id: 't', delta: 'end' };
      },
    };
  }

  async #execute(name: string, key: string, holdAt: string | undefined): Promise<string> {
    this.executed.push(name);
    this.keys.push(key);
    if (holdAt === name) await this.#gate;
    return `${name}-result`;
  }
}

const WHOLE = 'once first-result second-result end';

test.each(['first', 'second', 'text'] as const)(
  'a worker lost at %s is followed by another, and the text stands once',
  async (holdAt) => {
    const deployment = await startDeployment();
    const [lost, heir] = [new Tale(), new Tale()];
    const first = await deployment.server(lost.agent(holdAt));
    const thread = await ask(first);
    await eventually(async () => {
      const types = typesIn(await logOf(first, thread));
      expect(
        types.filter((type) => type === (holdAt === 'text' ? 'text-delta' : 'tool_executing')),
      ).toHaveLength({ first: 1, second: 2, text: 3 }[holdAt]);
    });
    // As when its process is gone: nothing is renewed, given back or written any more.
    await first.manager.close();
    const second = await deployment.server(heir.agent());
    await untilOutcomes(second, thread, ['done']);
    const logged = await logOf(second, thread);
    expect(standingText(logged)).toBe(WHOLE);
    expect(typesIn(logged)).toContain('run-resumed');
    // What has a result in the log was not executed again.
    expect(heir.executed).toEqual({ first: ['first', 'second'], second: ['second'], text: [] }[holdAt]);
    // A step that was cut is repeated under the same key.
    if (holdAt !== 'text') expect(heir.keys[0]).toBe(lost.keys.at(-1));
    lost.open();
  },
);

test('a worker that comes back after its run was taken over writes nothing more', async () => {
  const deployment = await startDeployment();
  const [slow, heir] = [new Tale(), new Tale()];
  const first = await deployment.server(slow.agent('first'));
  const thread = await ask(first);
  await eventually(() => expect(slow.executed).toEqual(['first']));
  const [run] = (await logOf(first, thread)).map((entry) => entry.run);
  // The lease ends as if the worker had been paused; its fence is that of the former owner from the takeover on.
  const second = await deployment.server(heir.agent());
  await eventually(async () => {
    await deployment.redis.cli('HSET', `taproot:{thread:${thread}}:run:${run}`, 'leaseUntil', '0');
    expect(heir.executed).toContain('first');
  });
  slow.open();
  await untilOutcomes(second, thread, ['done']);
  await eventually(() => expect(first.chat.load.runs).toBe(0));
  expect(standingText(await logOf(second, thread))).toBe(WHOLE);
  expect(await outcomes(second, thread)).toEqual(['done']);
});

test('after an outage of Redis the living keep their runs, although their leases ran out in it', async () => {
  const deployment = await startDeployment();
  const { redis } = deployment;
  const [ownersWay, othersWay] = [
    await faultProxy({ target: redis.url }),
    await faultProxy({ target: redis.url }),
  ];
  const [living, other] = [new Tale(), new Tale()];
  const owner = await deployment.server(living.agent('first'), { redisUrl: ownersWay.url, leaseMs: 5000 });
  const thread = await ask(owner);
  await eventually(() => expect(living.executed).toEqual(['first']));
  const run = (await logOf(owner, thread))[0]?.run ?? '';
  const record = `taproot:{thread:${thread}}:run:${run}`;
  // Its lease is how long it waits.
  const worker = await deployment.server(other.agent(), { redisUrl: othersWay.url, leaseMs: 60_000 });
  ownersWay.refuse();
  othersWay.refuse();
  for (const { manager } of [owner, worker]) await eventually(() => expect(manager.state).toBe('down'));
  await redis.cli('HSET', record, 'leaseUntil', '1');
  await othersWay.restore();
  await eventually(() => expect(worker.manager.state).toBe('ready'));
  const hears = async (): Promise<void> =>
    expect(await redis.cli('PUBLISH', 'taproot:dispatch', `${thread}/${run}`)).not.toBe('0');
  await eventually(hears);
  // It looks into what it is told of in this order.
  await untilOutcomes(worker, await ask(worker), ['done']);
  expect(JSON.parse(await redis.cli('HMGET', record, 'fence', 'takeovers'))).toEqual(['1', '0']);
  await ownersWay.restore();
  living.open();
  await untilOutcomes(worker, thread, ['done']);
  expect(typesIn(await logOf(worker, thread))).not.toContain('run-resumed');
});

test('a run whose workers are all lost ends as orphaned', async () => {
  const deployment = await startDeployment();
  const tale = new Tale();
  const asker = await deployment.server(tale.agent('first'), { maxTakeovers: 1 });
  const thread = await ask(asker);
  for (let lost = 1; lost <= 2; lost++) {
    await eventually(() => expect(tale.executed).toHaveLength(lost));
    if (lost === 1) await asker.manager.close();
    else break;
    const next = await deployment.server(tale.agent('first'), { maxTakeovers: 1 });
    await eventually(() => expect(tale.executed).toHaveLength(2));
    await next.manager.close();
  }
  const last = await deployment.server(tale.agent(), { maxTakeovers: 1 });
  await untilOutcomes(last, thread, ['orphaned max-takeovers']);
  tale.open();
});

test('an agent that takes other steps after a takeover ends its run as nondeterministic', async () => {
  const deployment = await startDeployment();
  const tale = new Tale();
  const first = await deployment.server(tale.agent('second'));
  const thread = await ask(first);
  await eventually(() => expect(tale.executed).toEqual(['first', 'second']));
  await first.manager.close();
  const second = await deployment.server({
    name: 'other',
    async *run(context) {
      await context.step('something-else', {}, async () => 1);
      yield { type: 'text-delta', id: 't', delta: 'never' };
    },
  });
  await untilOutcomes(second, thread, ['error nondeterministic']);
  tale.open();
});

test('steps that run side by side are each executed once and survive a takeover', async () => {
  const deployment = await startDeployment();
  const executed: string[] = [];
  const gate = Promise.withResolvers<void>();
  const agent = (hold: boolean): Agent => ({
    name: 'parallel',
    async *run(context) {
      const results = await Promise.all(
        ['a', 'b', 'c'].map((name) =>
          context.step(name, {}, async () => {
            executed.push(name);
            if (hold && name === 'c') await gate.promise;
            return name;
          }),
        ),
      );
      yield { type: 'text-delta', id: 't', delta: results.join('') };
    },
  });
  const first = await deployment.server(agent(true));
  const thread = await ask(first);
  await eventually(async () => {
    expect(typesIn(await logOf(first, thread)).filter((type) => type === 'tool_completed')).toHaveLength(2);
  });
  await first.manager.close();
  const second = await deployment.server(agent(false));
  await untilOutcomes(second, thread, ['done']);
  expect(executed.sort()).toEqual(['a', 'b', 'c', 'c']);
  expect(standingText(await logOf(second, thread))).toBe('abc');
  gate.resolve();
});

test("an agent's exception ends its run, and its words stay on the server", async () => {
  const deployment = await startDeployment();
  const member = await deployment.server({
    name: 'broken',
    // biome-ignore lint/correctness/useYield: it fails before its first word.
    async *run() {
      throw new TypeError('password=sesame');
    },
  });
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['error agent']);
  expect(JSON.stringify(await logOf(member, thread))).not.toContain('sesame');
  expect(String(member.errors[0])).toContain('sesame');
});

test('an agent that hangs ends at its deadline, and the next message is answered', async () => {
  const deployment = await startDeployment();
  let runs = 0;
  const member = await deployment.server(
    {
      name: 'hangs once',
      async *run() {
        runs++;
        if (runs === 1) await new Promise(() => undefined);
        yield { type: 'text-delta', id: 't', delta: 'fine' };
      },
    },
    { runDeadlineMs: 300 },
  );
  const thread = await ask(member);
  await ask(member, 'another', thread);
  await untilOutcomes(member, thread, ['error deadline', 'done']);
});

test('a message that waits too long for its turn ends as queue-deadline', async () => {
  const deployment = await startDeployment();
  const gate = Promise.withResolvers<void>();
  const member = await deployment.server(
    {
      name: 'slow',
      async *run() {
        await gate.promise;
        yield { type: 'text-delta', id: 't', delta: 'late' };
      },
    },
    { queueDeadlineMs: 300 },
  );
  const thread = await ask(member);
  await eventually(() => expect(member.chat.load.runs).toBe(1));
  await ask(member, 'impatient', thread);
  await untilOutcomes(member, thread, ['error queue-deadline']);
  gate.resolve();
  await untilOutcomes(member, thread, ['error queue-deadline', 'done']);
});

test('a step that failed is told in the log, and its agent may go on', async () => {
  const deployment = await startDeployment();
  const member = await deployment.server({
    name: 'careful',
    async *run(context) {
      const told = await context
        .step('fails', {}, async () => {
          throw new TypeError('no such city');
        })
        .catch((error: unknown) => (error as Error).message);
      yield { type: 'text-delta', id: 't', delta: String(told) };
    },
  });
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['done']);
  const logged = await logOf(member, thread);
  expect(logged.map(({ event }) => event)).toContainEqual(
    expect.objectContaining({ type: 'tool_completed', tool: 'fails', error: 'no such city' }),
  );
  expect(standingText(logged)).toBe('no such city');
});

test('a run that nobody was told of is found by the sweep', async () => {
  const deployment = await startDeployment();
  const gateway = await deployment.server(new Tale().agent(), { role: 'gateway' });
  const thread = await ask(gateway);
  const worker = await deployment.server(new Tale().agent(), { role: 'worker' });
  await untilOutcomes(worker, thread, ['done']);
  await eventually(async () => expect(await deployment.redis.cli('KEYS', 'taproot:{pending:*}')).toBe('[]'));
});
