import { startRedis, type TestRedis } from '@taproot/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Site, startSite } from './support/site.ts';
import { connected, type Wire } from './support/wire.ts';

// One Redis for the file; each test has its own server and socket.
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

async function start(): Promise<{ site: Site; wire: Wire }> {
  const site = await startSite({ redisUrl: redis.url });
  return { site, wire: await connected(site.url, { token: await site.signIn() }) };
}

const CHAIN = 'a'.repeat(20);
const BAD_IDS = [
  undefined,
  null,
  7,
  '',
  'a b',
  '{x}',
  'x}',
  'a\r\nb',
  'a\nDEL x',
  'ä',
  '\u{1f600}',
  '\0',
  'a/b',
  '*',
  ['a'],
];
const marks = (n: number, over: object = {}): object[] =>
  Array.from({ length: n }, (_, i) => ({ seq: n - i, chain: CHAIN, ...over }));

test.each<[string, readonly object[]]>([
  [
    'the thread of an attach',
    [...BAD_IDS, 'x'.repeat(65), 'a:b', 'a.b'].map((thread) => ({ type: 'attach', thread })),
  ],
  ['the thread of a detach', BAD_IDS.map((thread) => ({ type: 'detach', thread }))],
  ['the thread of a send', BAD_IDS.map((thread) => ({ type: 'send', thread, id: 'm-1', text: 'x' }))],
  [
    'the id of a send',
    [...BAD_IDS, 'x'.repeat(129)].map((id) => ({ type: 'send', thread: 'th', id, text: 'x' })),
  ],
  [
    'after',
    [null, 5, 'x', [], {}, { chain: CHAIN }].map((after) => ({ type: 'attach', thread: 'th', after })),
  ],
  [
    'the seq of after',
    [-1, 1.5, '1', null, 2 ** 53, 1e300].map((seq) => ({
      type: 'attach',
      thread: 'th',
      after: { seq, chain: CHAIN },
    })),
  ],
  [
    'the chain of after',
    [undefined, null, 5, '', 'A'.repeat(20), 'g'.repeat(20), CHAIN.slice(1), `${CHAIN}a`, `${CHAIN}\n`].map(
      (chain) => ({ type: 'attach', thread: 'th', after: { seq: 3, chain } }),
    ),
  ],
  [
    'the marks of after',
    [
      null,
      {},
      'x',
      [null],
      [5],
      [[]],
      [{ seq: 1 }],
      [{ chain: CHAIN }],
      marks(65),
      marks(3, { seq: -1 }),
      marks(3, { chain: 'x' }),
      [{ seq: 101, chain: CHAIN }],
    ].map((list) => ({ type: 'attach', thread: 'th', after: { seq: 100, chain: CHAIN, marks: list } })),
  ],
  [
    'the content of a send',
    [
      {},
      { text: 5 },
      { text: null },
      { text: ['x'] },
      { text: '' },
      { text: ' \n\t\u00a0' },
      { text: 'x', parts: [{ type: 'text', text: 'x' }] },
    ].map((content) => ({ type: 'send', thread: 'th', id: 'm-1', ...content })),
  ],
  [
    'the parts of a send',
    [
      null,
      {},
      'x',
      [],
      [null],
      ['x'],
      [{ type: 'text' }],
      [{ text: 'x' }],
      [{ type: 'file', text: 'x' }],
      [{ type: 'text', text: 1 }],
      [{ type: 'text', text: ' ' }],
      Array.from({ length: 65 }, () => ({ type: 'text', text: 'x' })),
    ].map((parts) => ({ type: 'send', thread: 'th', id: 'm-1', parts })),
  ],
  ['the number of a ping', [undefined, null, '1', -1, 1.5, 2 ** 53, [1]].map((n) => ({ type: 'ping', n }))],
])(
  '%s that is missing, of the wrong type or out of range is a bad frame on an open socket',
  async (_, frames) => {
    const { wire, site } = await start();
    const before = await redis.cli('KEYS', 'taproot:{*');
    for (const frame of frames) {
      const answer = await wire.ask(frame);
      expect([frame, answer]).toEqual([
        frame,
        expect.objectContaining({ type: 'error', code: 'bad-frame', applied: 'no' }),
      ]);
    }
    expect(wire.closed).toBeUndefined();
    expect(JSON.parse(await redis.cli('KEYS', 'taproot:{*')).toSorted()).toEqual(
      JSON.parse(before).toSorted(),
    );
    expect(site.errors).toEqual([]);
  },
);

test('a bad frame is answered with its id, else its thread, if that can be read', async () => {
  const { wire } = await start();
  expect(await wire.ask({ type: 'send', thread: 'th', id: 'a b', text: 'x' })).toMatchObject({ ref: 'a b' });
  expect(await wire.ask({ type: 'send', thread: '{th}', text: 'x' })).toMatchObject({ ref: '{th}' });
  expect(await wire.ask({ type: 'send', thread: 5, id: {}, text: 'x' })).not.toHaveProperty('ref');
  expect(await wire.ask({ type: 'attach', thread: 'x'.repeat(100_000) })).not.toHaveProperty('ref');
});
