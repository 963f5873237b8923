import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, startProcess, type TestProcess, temporaryFolder } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { type Chat, chatWith, KEY, textOf } from './support/chat.ts';
import { type FakeModel, type Reply, startFakeModel } from './support/fake-model.ts';
import { begin, delta, finish, says } from './support/openai-wire.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const WORKER = join(import.meta.dirname, 'support/worker.ts');

/** Asks for a tool, having said so, and answers after its result. It holds the request of that number. */
function talking(held?: number): Reply {
  let count = 0;
  return (response, request) => {
    count++;
    if (count === held) {
      begin(response);
      return delta(response, { content: 'Let me think' });
    }
    if (request.body.messages.some(({ role }) => role === 'tool'))
      return says('All ', 'done.')(response, request);
    begin(response);
    delta(response, { content: 'Noting. ' });
    const called = { name: 'note', arguments: '{"line":"milk"}' };
    delta(response, { tool_calls: [{ index: 0, id: 'call-a', type: 'function', function: called }] });
    finish(response, 'tool_calls');
  };
}

/** A gateway here, and workers in processes that can be killed. */
class Site {
  readonly chat: Chat;
  readonly model: FakeModel;
  readonly #notes = join(temporaryFolder(), 'notes');

  constructor(chat: Chat, model: FakeModel) {
    this.chat = chat;
    this.model = model;
  }

  async worker(): Promise<TestProcess> {
    const { PATH } = process.env;
    const worker = startProcess(process.execPath, ['--conditions=@taproot/source', WORKER], {
      cwd: ROOT,
      env: {
        ...{ PATH, REDIS_URL: this.chat.deployment.redis.url, NOTES: this.#notes },
        ...{ MODEL_BASE_URL: `${this.model.url}/v1`, MODEL_NAME: 'fake-1', MODEL_API_KEY: KEY },
      },
    });
    await eventually(() => expect(worker.output()).toContain('works'), { timeoutMs: 50_000 });
    return worker;
  }

  /** Lets the tool end, now and from now on. */
  letTool(): void {
    writeFileSync(`${this.#notes}.go`, '');
  }

  /** The step key of each execution of the tool. */
  get executions(): string[] {
    return existsSync(this.#notes) ? readFileSync(this.#notes, 'utf8').trim().split('\n') : [];
  }

  async count(thread: string, type: string): Promise<number> {
    return (await this.chat.events(thread)).filter((event) => event.type === type).length;
  }

  /** Steps that were begun again after their result was in the log. */
  async repeated(thread: string): Promise<string[]> {
    const recorded = new Set<string>();
    const again: string[] = [];
    for (const event of await this.chat.events(thread)) {
      if (!('callId' in event)) continue;
      if (/executing|calling/.test(event.type) && recorded.has(event.callId)) again.push(event.callId);
      if (/completed/.test(event.type)) recorded.add(event.callId);
    }
    return again;
  }
}

async function site(reply: Reply): Promise<Site> {
  const model = await startFakeModel(reply);
  return new Site(await chatWith(model, { server: { role: 'gateway' } }), model);
}

test.each([
  ['first', 1],
  ['second', 2],
])(
  'a worker is killed while its model speaks, in the %s call: that call is made again, and nothing else',
  async (_, at) => {
    const place = await site(talking(at));
    place.letTool();
    const first = await place.worker();
    const thread = await place.chat.send('note milk');
    await eventually(async () => expect(await place.count(thread, 'text-delta')).toBe(at), {
      timeoutMs: 30_000,
    });
    await first.kill();
    await place.worker();
    await place.chat.ended(thread, 'done');
    expect(await place.repeated(thread)).toEqual([]);
    expect(textOf(await place.chat.answer(thread))).toBe('Noting. All done.');
    // One request for each call, and one more for the one that was cut.
    expect(place.model.requests).toHaveLength(3);
    expect(await place.count(thread, 'model_completed')).toBe(2);
    expect(place.executions).toHaveLength(1);
  },
);

test('a worker is killed while its tool works: the tool is executed again under its key, and the model is not asked again', async () => {
  const place = await site(talking());
  const first = await place.worker();
  const thread = await place.chat.send('note milk');
  await eventually(() => expect(place.executions).toHaveLength(1), { timeoutMs: 30_000 });
  await first.kill();
  place.letTool();
  await place.worker();
  await place.chat.ended(thread, 'done');
  expect(await place.repeated(thread)).toEqual([]);
  expect(textOf(await place.chat.answer(thread))).toBe('Noting. All done.');
  expect(place.model.requests).toHaveLength(2);
  expect(place.executions).toHaveLength(2);
  expect(new Set(place.executions).size).toBe(1);
});
