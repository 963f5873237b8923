import { type ChatServer, createChatServer, type User } from '@taproot/chat/server';
import { eventually, startCluster, type TestCluster } from '@taproot/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type DeclaredKeys, declaredKeys } from '../../../redis/test/support/declared-keys.ts';
import { CareIndex, RESCHEDULE } from '../../src/server/threads/care-index.ts';
import {
  careKey,
  PENDING_PARTITIONS,
  pendingPartition,
  threadKeys,
  userKeys,
} from '../../src/server/threads/keys.ts';
import * as retentionScripts from '../../src/server/threads/retention-scripts.ts';
import * as searchScripts from '../../src/server/threads/search/scripts.ts';
import { ECHO } from './support/site.ts';
import { historyOf, trim } from './support/thread-reader.ts';

vi.setConfig({ testTimeout: 240_000 });

// Three masters: on one a key that was not declared would go unnoticed.
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 3 });
});
afterAll(() => cluster.stop());

const NAMES = [...Object.values(retentionScripts), ...Object.values(searchScripts), RESCHEDULE].map(
  ({ name }) => name,
);

/** A user whose index lies on a certain master. */
async function userOn(keys: DeclaredKeys, master: number): Promise<User> {
  for (let n = 0; n < 200; n++) {
    const id = `user-${n}`;
    if ((await keys.nodeOf(userKeys(id).threads)).master === master) return { id, name: id, operator: false };
  }
  return expect.fail(`no user on master ${master}`);
}

async function threadOn(chat: ChatServer, keys: DeclaredKeys, user: User, master: number): Promise<string> {
  for (let n = 0; n < 200; n++) {
    const { id } = await chat.threads.create(user, 'a title');
    if ((await keys.nodeOf(threadKeys(id).meta)).master === master) return id;
  }
  return expect.fail(`no thread on master ${master}`);
}

function threadIn(partition: number): string {
  for (let n = 0; n < 1000; n++) if (pendingPartition(`gone-${n}`) === partition) return `gone-${n}`;
  return expect.fail(`no thread in partition ${partition}`);
}

test('threads are trimmed, looked after and searched with declared keys only, each in its slot and its user in another', async () => {
  const keys = await declaredKeys(cluster);
  const { manager } = keys;
  const errors: unknown[] = [];
  const chat = createChatServer({
    manager,
    agent: ECHO,
    secret: new Uint8Array(32),
    leaseMs: 2000,
    onError: (error) => errors.push(error),
  });
  onTestFinished(() => chat.close());
  for (const master of [0, 1, 2]) {
    const user = await userOn(keys, master);
    const other = await userOn(keys, (master + 1) % 3);
    const thread = await threadOn(chat, keys, user, (master + 2) % 3);
    const send = async (id: string): Promise<void> => {
      await chat.threads.send(user, thread, id, [{ type: 'text', text: `findme ${id}` }]);
      await eventually(async () => expect((await chat.threads.get(user, thread)).status).toBe('idle'));
    };
    for (const id of ['m-1', 'm-2', 'm-3']) await send(id);
    const whole = await historyOf({ manager }, thread);
    expect(whole).toHaveLength(6);
    await trim({ manager }, thread, { keepEntries: 0 });
    expect(await manager.call(['XLEN', threadKeys(thread).log.stream])).toBe(0);
    expect(await historyOf({ manager }, thread, 2)).toEqual(whole);
    await chat.threads.regenerate(user, thread, 'g-1', 'm-2');
    await eventually(async () => expect((await chat.threads.get(user, thread)).status).toBe('idle'));
    expect((await historyOf({ manager }, thread)).slice(0, 2)).toEqual(whole.slice(0, 2));
    const find = async (who: User, text: string): Promise<string[]> =>
      (await chat.threads.search(who, { text, limit: 20 })).threads.map(({ id }) => id);
    expect([await find(user, 'find m 2'), await find(user, 'm 3'), await find(other, 'find')]).toEqual([
      [thread],
      [],
      [],
    ]);
    await chat.threads.delete(user, thread);
    expect(await find(user, 'find')).toEqual([]);
    expect(await manager.call(['EXISTS', threadKeys(thread).snapshots])).toBe(0);
  }
  // It would look after what is due below itself.
  await chat.close();
  for (let partition = 0; partition < PENDING_PARTITIONS; partition++)
    await manager.call(['ZADD', careKey(partition), '1', threadIn(partition)]);
  const care = new CareIndex(manager);
  for (const due of await care.due(500)) await care.reschedule(due, 60_000);
  const ran = (name: string): Set<number> =>
    new Set(keys.ran.filter((one) => one.name === name).map(({ master }) => master));
  for (const name of NAMES) expect([name, ran(name)]).toEqual([name, new Set([0, 1, 2])]);
  expect(errors).toEqual([]);
});
