import { eventually, startStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { expectSameAsRedis, expectUnbroken, outcomesOf, visit } from '../support/visitor.ts';
import { smallDisk } from './support/small-disk.ts';

test('a disk that fills up makes a serving studio down, with the reason; what is sent waits until there is space', async ({
  skip,
}) => {
  const disk = smallDisk();
  if (disk === undefined) return skip('only root may mount a file system');
  const studio = await startStudio({ dataDir: disk.folder });
  const visitor = await visit(studio);
  await visitor.client.send(visitor.thread, 'ping?').accepted;
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']));
  disk.fill();
  const sent = visitor.client.send(visitor.thread, `ping? ${'x'.repeat(10_000)}`);
  await eventually(async () => {
    const response = await fetch(`${studio.url}/readyz`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({
      state: 'down',
      reason: expect.stringMatching(/the disk is full \(0 bytes free in .*\/data\)$/),
    });
  });
  expect((await fetch(`${studio.url}/livez`)).status).toBe(200);
  await eventually(() => expect(visitor.conditions.at(-1)).toBe('down'));
  expect(sent.state).not.toBe('accepted');
  disk.free();
  await eventually(async () => expect((await fetch(`${studio.url}/readyz`)).status).toBe(200), {
    timeoutMs: 30_000,
  });
  await sent.accepted;
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done', 'done']), { timeoutMs: 30_000 });
  expectUnbroken(visitor.events);
  await expectSameAsRedis(studio, visitor);
  expect(visitor.closes).toEqual([]);
});
