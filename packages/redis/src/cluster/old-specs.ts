import type { KeySpec } from './key-spec.ts';

const counted = (index: number): KeySpec => ({
  begin: { index },
  find: { countAt: 0, first: 1, step: 1 },
});
const one: KeySpec = { begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } };
const streams = (from: number): KeySpec => ({
  begin: { keyword: 'STREAMS', from },
  find: { last: -1, step: 1, limit: 2 },
});

/**
 * Frequent commands whose keys Redis 6.2 does not tell by COMMAND; a request of its own for each of their calls would double
 * what they cost. Later versions tell them.
 */
export const OLD_SPECS: ReadonlyMap<string, readonly KeySpec[]> = new Map([
  ['EVAL', [counted(2)]],
  ['EVALSHA', [counted(2)]],
  ['XREAD', [streams(1)]],
  ['XREADGROUP', [streams(4)]],
  ['ZUNION', [counted(1)]],
  ['ZINTER', [counted(1)]],
  ['ZDIFF', [counted(1)]],
  ['ZUNIONSTORE', [one, counted(2)]],
  ['ZINTERSTORE', [one, counted(2)]],
  ['ZDIFFSTORE', [one, counted(2)]],
]);
