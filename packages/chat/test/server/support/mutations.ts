import fc from 'fast-check';
import type { Call } from './http.ts';

const CHAIN = 'a'.repeat(20);

const NASTY: readonly unknown[] = [
  ...[
    '',
    ' ',
    '{x}',
    'a\r\nb',
    '\0',
    '__proto__',
    'constructor',
    '../..',
    '*',
    '\ud800',
    'ä'.repeat(200),
    '-0',
  ],
  ...[
    null,
    true,
    -1,
    0.5,
    2 ** 53,
    1e308,
    [],
    {},
    [[]],
    { seq: 1, chain: null },
    { toString: 1, length: -1 },
  ],
];
const value = fc.oneof(fc.constantFrom(...NASTY), fc.jsonValue({ maxDepth: 2 }));

type Frame = Record<string, unknown>;

/** One valid frame of each kind. */
function validFrames(threads: readonly string[]): readonly Frame[] {
  const parts = [{ type: 'text', text: 'x' }];
  return threads.flatMap((thread) => [
    { type: 'attach', thread },
    { type: 'attach', thread, after: { seq: 2, chain: CHAIN, marks: [{ seq: 1, chain: CHAIN }] } },
    { type: 'detach', thread },
    { type: 'send', thread, id: 'm-1', text: 'ping?' },
    { type: 'send', thread, id: 'm-2', parts },
    { type: 'stop', thread, run: 'r1' },
    { type: 'edit', thread, id: 'm-3', of: 'm-1', parts },
    { type: 'answer', thread, run: 'r1', callId: 'c', approve: true },
    { type: 'ping', n: 1 },
  ]);
}

/** Some field of the frame, or of an object in it, is gone, is another value, or has another name. */
const change = fc.record({
  at: fc.nat(20),
  what: fc.constantFrom('set', 'set', 'drop', 'rename', 'add'),
  value,
});

function applyChange(
  target: Frame,
  { at, what, value: put }: { at: number; what: string; value: unknown },
): void {
  const names = Object.keys(target);
  const name = names[at % Math.max(1, names.length)] ?? 'type';
  const inner = target[name];
  if (typeof inner === 'object' && inner !== null && at % 2 === 1)
    applyChange(inner as Frame, { at: at >> 1, what, value: put });
  else if (what === 'set') target[name] = put;
  else if (what === 'add') target[JSON.stringify(put).slice(0, 20)] = put;
  else {
    if (what === 'rename') target[`${name}x`] = inner;
    delete target[name];
  }
}

/** Where the text of the frame is damaged, and how. */
const damage = fc.record({
  at: fc.nat(200),
  what: fc.constantFrom('cut', 'flip', 'twice', 'insert'),
  char: fc.constantFrom('"', '{', '\\', ',', '\0', '\ufeff', '9'),
});

function applyDamage(text: string, { at, what, char }: { at: number; what: string; char: string }): string {
  const place = at % (text.length + 1);
  if (what === 'cut') return text.slice(0, place);
  if (what === 'twice') return text + text;
  return text.slice(0, place) + char + text.slice(place + (what === 'flip' ? 1 : 0));
}

/** Texts of mutated frames about these threads; the same ones for the same seed. */
export function mutatedFrames(threads: readonly string[], count: number, seed: number): string[] {
  const mutation = fc.record({
    frame: fc.constantFrom(...validFrames(threads)),
    changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    damage: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: damage }),
  });
  return fc.sample(mutation, { numRuns: count, seed }).map((one) => {
    const frame = structuredClone(one.frame);
    // Cloned, because a later change may go into what an earlier one put there.
    for (const each of one.changes) applyChange(frame, structuredClone(each));
    const text = JSON.stringify(frame);
    return one.damage === null ? text : applyDamage(text, one.damage);
  });
}

/** Requests to the routes of threads and signing in, most of them wrong in something. */
export function mutatedRequests(
  threads: readonly string[],
  tokens: readonly string[],
  count: number,
  seed: number,
): (Call & { path: string })[] {
  const segment = fc.oneof(
    fc.constantFrom(
      ...threads,
      'messages',
      'threads',
      '..',
      '%',
      '%zz',
      '%00',
      '%2e%2e',
      '',
      ';x',
      'x'.repeat(300),
    ),
    fc.string().map(encodeURIComponent),
  );
  const base = fc.constantFrom(
    '/threads',
    '/threads',
    '/auth/demo',
    '/auth/ticket',
    '/auth/session',
    '/readyz',
    '/metrics',
    '/t',
    '/assets',
    '/ws',
    '',
  );
  const query = fc.constantFrom(
    '',
    '',
    '?',
    '?limit=0',
    '?limit=1e9',
    '?before=%ff',
    '?ticket=x',
    '?__proto__=1',
    '?a[b]=1&&&=',
  );
  const header = fc.constantFrom(
    '',
    'null',
    'x',
    'application/json',
    'text/plain',
    '127.0.0.1',
    'localhost',
    'http://localhost',
    'a, b',
  );
  const request = fc.record({
    path: fc.oneof(
      fc.constantFrom('/threads', '/auth/demo', ...threads.map((id) => `/threads/${id}`)),
      fc
        .tuple(base, fc.array(segment, { maxLength: 3 }), query)
        .map(([start, rest, end]) => [start, ...rest].join('/') + end),
    ),
    method: fc.constantFrom('GET', 'GET', 'POST', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'),
    token: fc.constantFrom(...tokens),
    headers: fc.dictionary(
      fc.constantFrom(
        'origin',
        'content-type',
        'cookie',
        'x-forwarded-for',
        'accept-encoding',
        'range',
        'if-none-match',
      ),
      header,
      { maxKeys: 2 },
    ),
    body: fc.option(
      fc.oneof(
        fc.json(),
        fc.string(),
        value.map((title) => JSON.stringify({ title, name: title })),
      ),
    ),
  });
  return fc.sample(request, { numRuns: count, seed }).map(({ body, path, ...rest }) => ({
    ...rest,
    path: path.startsWith('/') ? path : `/${path}`,
    ...(body !== null && rest.method !== 'GET' && rest.method !== 'HEAD' && { body }),
  }));
}
