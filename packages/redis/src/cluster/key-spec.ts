import type { RedisArgument } from '../connection/call.ts';

/** Where the keys are among a command's arguments (Redis, "Command key specifications"). Positions count from the command's name. */
export interface KeySpec {
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly from: number };
  readonly find:
    | { readonly last: number; readonly step: number; readonly limit: number }
    | { readonly countAt: number; readonly first: number; readonly step: number };
}

/** Calls `what` with each key that the specification finds. */
export function eachKey(
  args: readonly RedisArgument[],
  { begin, find }: KeySpec,
  what: (key: RedisArgument) => void,
): void {
  const start = 'index' in begin ? begin.index : afterKeyword(args, begin.keyword, begin.from);
  if (start === undefined) return;
  const first = 'countAt' in find ? start + find.first : start;
  const last = 'countAt' in find ? lastCounted(args, start, find) : lastInRange(args.length, start, find);
  for (let at = first; at <= last; at += find.step) {
    const key = args[at];
    if (key !== undefined) what(key);
  }
}

function lastCounted(
  args: readonly RedisArgument[],
  start: number,
  { countAt, first, step }: { readonly countAt: number; readonly first: number; readonly step: number },
): number {
  // What is no number the server refuses.
  const count = Number(args[start + countAt]);
  return start + first + (Number.isInteger(count) ? count - 1 : -1) * step;
}

function lastInRange(
  length: number,
  start: number,
  { last, limit }: { readonly last: number; readonly limit: number },
): number {
  if (last >= 0) return start + last;
  return limit > 1 ? start + Math.floor((length - start) / limit) + last : length + last;
}

/** From the end backwards where `from` is negative. */
function afterKeyword(args: readonly RedisArgument[], keyword: string, from: number): number | undefined {
  const step = from < 0 ? -1 : 1;
  for (let at = from < 0 ? args.length + from : from; at > 0 && at < args.length; at += step) {
    if (String(args[at]).toUpperCase() === keyword) return at + 1;
  }
  return undefined;
}
