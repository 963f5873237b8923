import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

/** A log longer than this is put aside at the next start; the one put aside before is dropped. */
export const MAX_LOG_BYTES: number = 8 * 2 ** 20;
const TAIL_BYTES = 16_384;

/** Redis opens its log anew for each line, so it may be renamed at any time. */
export function rotateLog(path: string): void {
  if (sizeOf(path) > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** What the log says from `offset` on, or, without one, since the last start of a server; at most its last 16 KiB. */
export function logTail(path: string, offset?: number): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const from = Math.max(offset ?? 0, size - TAIL_BYTES, 0);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    const length = readSync(file, buffer, 0, buffer.length, from);
    const text = buffer.toString('utf8', 0, length);
    return offset === undefined ? sinceLastStart(text) : text;
  } finally {
    closeSync(file);
  }
}

function sinceLastStart(text: string): string {
  const starts = [...text.matchAll(/^.*oO0OoO0OoO0Oo \w+ is starting/gm)];
  return text.slice(starts.at(-1)?.index ?? 0);
}
