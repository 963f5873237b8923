import { eventually, startCluster } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { AgentState } from '../../src/agent-state/index.ts';
import { readyManager } from '../support/ready-manager.ts';

test('on a Cluster documents lie on all masters, are written by version, and are watched from any process', async () => {
  const cluster = await startCluster();
  const [writer, reader] = await Promise.all([readyManager(cluster.url), readyManager(cluster.url)]);
  const ids = Array.from({ length: 30 }, (_, n) => `document ${n}`);
  const ours = new AgentState<number>(writer);
  const theirs = new AgentState<number>(reader);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const latest = new Map<string, number | undefined>();
  for (const id of ids) {
    void (async () => {
      for await (const document of theirs.watch(id, { signal: stop.signal })) latest.set(id, document?.value);
    })();
  }
  await eventually(() => expect(latest.size).toBe(ids.length));
  await Promise.all(
    [ours, theirs].flatMap((state) =>
      ids.map(async (id) => {
        for (let n = 0; n < 3; n++) await state.update(id, (value = 0) => value + 1);
      }),
    ),
  );
  await eventually(() => expect([...latest.values()]).toEqual(ids.map(() => 6)));
  for (const id of ids) expect(await theirs.history(id)).toHaveLength(6);
  for (const node of cluster.nodes) expect(Number(await node.cli('DBSIZE'))).toBeGreaterThan(2);
  expect(await ours.delete(ids[0] ?? '')).toBe(true);
  await eventually(() => expect(latest.get(ids[0] ?? '')).toBeUndefined());
});
