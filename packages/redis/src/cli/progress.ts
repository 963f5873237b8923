import { performance } from 'node:perf_hooks';
import type { InspectProgress } from '../inspect/index.ts';
import { count, duration } from '../inspect/units.ts';

/** A walk that is over by then needs no bar. */
const SHOW_AFTER_MS = 400;
const DRAW_EVERY_MS = 80;
const BAR_COLUMNS = 24;
const CLEAR_LINE = '\r\x1b[K';

/** A progress bar in the last line of a terminal. Elsewhere it stays silent. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #maxMs: number;
  readonly #start: number = performance.now();
  #drawnAt = 0;
  #visible = false;

  constructor(stream: NodeJS.WriteStream, maxMs: number) {
    this.#stream = stream;
    this.#maxMs = maxMs;
  }

  update({ scanned, total }: InspectProgress): void {
    const now = performance.now();
    if (!this.#stream.isTTY || process.env.TERM === 'dumb') return;
    if (now - this.#start < SHOW_AFTER_MS || now - this.#drawnAt < DRAW_EVERY_MS) return;
    this.#drawnAt = now;
    this.#visible = true;
    const line = progressLine({ scanned, total }, now - this.#start, this.#maxMs);
    this.#stream.write(CLEAR_LINE + line.slice(0, this.#stream.columns || 80));
  }

  clear(): void {
    if (this.#visible) this.#stream.write(CLEAR_LINE);
    this.#visible = false;
  }
}

/** `████████░░░░ 45 %  90,000 of 200,000 keys  3 s left` */
export function progressLine({ scanned, total }: InspectProgress, elapsedMs: number, maxMs: number): string {
  const share = total === 0 ? 1 : Math.min(1, scanned / total);
  const filled = Math.round(share * BAR_COLUMNS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_COLUMNS - filled);
  const leftMs = Math.min(
    share > 0 ? elapsedMs / share - elapsedMs : Infinity,
    Math.max(0, maxMs - elapsedMs),
  );
  const figures = [
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${count(Math.min(scanned, total))} of ${count(total)} keys`,
    `${duration(Math.max(1000, Math.ceil(leftMs / 1000) * 1000))} left at most`,
  ];
  return `${bar} ${figures.join('  ')}`;
}
