import type { Authorize, User } from '@taproot/chat/server';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { ADA, BOB, startSite } from './support/site.ts';
import { connected } from './support/wire.ts';

const EVE: User = { id: 'eve', name: 'Eve', operator: false };

async function startWith(authorize: Authorize | undefined) {
  const redis = await startRedis();
  const asked: string[] = [];
  const noting: Authorize = async (user, thread, action) => {
    asked.push(`${user.id} ${action} ${thread.owner}`);
    return (await authorize?.(user, thread, action)) ?? false;
  };
  const agentUsers: User[] = [];
  const site = await startSite({
    redisUrl: redis.url,
    chat: { ...(authorize && { authorize: noting }) },
    agent: {
      name: 'who',
      async *run({ user }) {
        agentUsers.push(user);
        yield { type: 'text-start', id: 't' };
        yield { type: 'text-end', id: 't' };
      },
    },
  });
  const { id } = await site.chat.threads.create(ADA);
  const http = async (user: User, method: string, path = '', body?: object): Promise<number> => {
    const headers = {
      authorization: `Bearer ${await site.signIn(user)}`,
      'content-type': 'application/json',
    };
    const init = { method, headers, ...(method !== 'GET' && { body: JSON.stringify(body ?? {}) }) };
    return (await fetch(`${site.url}/threads/${id}${path}`, init)).status;
  };
  const wire = async (user: User) => connected(site.url, { token: await site.signIn(user) });
  return { site, id, asked, agentUsers, http, wire };
}

/** Everything that somebody can do with a thread, and whether it was allowed. */
async function attempts({ id, http, wire }: Awaited<ReturnType<typeof startWith>>, user: User) {
  const socket = await wire(user);
  const ask = async (frame: object): Promise<boolean> => {
    const answer = await socket.ask({ thread: id, ...frame });
    if (answer.type === 'error') expect(answer).toMatchObject({ code: 'not-found' });
    return answer.type !== 'error';
  };
  const name = `m-${user.id}`;
  const message = { id: name, text: 'hello' };
  const read = [(await http(user, 'GET')) === 200, (await http(user, 'GET', '/messages')) === 200];
  return {
    read: [...read, await ask({ type: 'attach' })],
    write: [
      await ask({ type: 'send', ...message }),
      await ask({ type: 'stop', id: name }),
      await ask({ type: 'regenerate', id: `${name}-2`, of: name }),
      await ask({ type: 'stop', id: `${name}-2` }),
      await ask({ type: 'edit', ...message, id: `${name}-3`, of: name }),
      await ask({ type: 'stop', id: `${name}-3` }),
    ],
  };
}

const YES = { read: [true, true, true], write: [true, true, true, true, true, true] };
const NO = { read: [false, false, false], write: [false, false, false, false, false, false] };

test('a thread is its owner’s alone unless somebody says otherwise', async () => {
  const all = await startWith(undefined);
  expect(await attempts(all, EVE)).toEqual(NO);
  expect([await all.http(EVE, 'PATCH', '', { title: 'x' }), await all.http(EVE, 'DELETE')]).toEqual([
    404, 404,
  ]);
  expect(await attempts(all, ADA)).toEqual(YES);
  expect(await all.http(ADA, 'DELETE')).toBe(204);
});

test('who may is decided by one function, for HTTP and sockets alike', async () => {
  const all = await startWith((user, { owner }, action) => {
    if (user.id === owner) return true;
    return user.id === 'bob' ? action !== 'delete' : false;
  });
  expect(await attempts(all, EVE)).toEqual(NO);
  expect(await attempts(all, BOB)).toEqual(YES);
  expect([await all.http(BOB, 'PATCH', '', { title: 'ours' }), await all.http(BOB, 'DELETE')]).toEqual([
    200, 404,
  ]);
  expect(await all.http(ADA, 'DELETE')).toBe(204);
  expect(new Set(all.asked)).toEqual(
    new Set([
      'eve read ada',
      'eve write ada',
      'bob read ada',
      'bob write ada',
      'bob delete ada',
      'ada delete ada',
    ]),
  );
});

test('who only may read hears what is said, and says nothing', async () => {
  const all = await startWith((user, { owner }, action) => user.id === owner || action === 'read');
  const [bob, ada] = [await all.wire(BOB), await all.wire(ADA)];
  await bob.ask({ type: 'attach', thread: all.id });
  await ada.ask({ type: 'send', thread: all.id, id: 'm-1', text: 'hello' });
  await eventually(() =>
    expect(bob.of('event').at(-1)?.data).toMatchObject({ type: 'run-ended', outcome: 'done' }),
  );
  expect(await attempts(all, EVE)).toEqual({ read: YES.read, write: NO.write });
});

test('even an owner can be refused', async () => {
  const all = await startWith(() => false);
  expect(await attempts(all, ADA)).toEqual(NO);
  expect(await all.http(ADA, 'DELETE')).toBe(404);
  expect(await all.site.chat.threads.list(ADA)).toEqual([]);
});

test('a run works for who asked for it, not for whose thread it is', async () => {
  const all = await startWith(() => true);
  const bob = await all.wire({ ...BOB, operator: true });
  await bob.ask({ type: 'send', thread: all.id, id: 'm-1', text: 'hello' });
  await eventually(() => expect(all.agentUsers).toEqual([{ ...BOB, operator: true }]));
  // It stays its owner's, and is listed nowhere else.
  expect((await all.site.chat.threads.list(ADA)).map(({ id }) => id)).toEqual([all.id]);
  expect(await all.site.chat.threads.list(BOB)).toEqual([]);
});

test('if it cannot be decided nobody may', async () => {
  const all = await startWith(() => Promise.reject(new TypeError('the directory is away')));
  const wire = await all.wire(ADA);
  expect(await wire.ask({ type: 'attach', thread: all.id })).toMatchObject({
    type: 'error',
    code: 'internal',
  });
  expect(await wire.ask({ type: 'send', thread: all.id, id: 'm-1', text: 'x' })).toMatchObject({
    code: 'internal',
  });
  expect(await all.http(ADA, 'GET')).toBe(500);
  expect(wire.closed).toBeUndefined();
});
