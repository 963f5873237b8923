/**
 * Freezes a value through and through, so that one copy of it can be given to all. False if it holds something that freezing
 * does not protect, e.g. a Map, a Date, bytes or an object with methods of its own; then nobody may share it.
 */
export function freezeWhole(value: unknown): boolean {
  // A list, not recursion: what is nested deeply must not end the process.
  const left: unknown[] = [value];
  const seen = new Set<object>();
  for (let each = left.pop(); each !== undefined || left.length > 0; each = left.pop()) {
    if (typeof each === 'function') return false;
    if (typeof each !== 'object' || each === null || seen.has(each)) continue;
    if (!isPlain(each)) return false;
    seen.add(each);
    for (const inner of Object.values(each)) left.push(inner);
  }
  for (const each of seen) Object.freeze(each);
  return true;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
