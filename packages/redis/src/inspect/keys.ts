import { performance } from 'node:perf_hooks';
import { fields, figure } from './info.ts';
import { KeyBook, nameOf } from './key-book.ts';
import { type KeysReport, keysReport } from './keys-report.ts';
import type { InspectLimits, InspectOptions } from './limits.ts';
import type { Reader } from './reader.ts';
import { text } from './replies.ts';
import { SamplePlan } from './sample-plan.ts';
import { countKeys, measureKey, scanPages } from './walk.ts';

/** Measured at once: so few that commands of others are hardly delayed behind them. */
const BATCH = 50;

/** Walks over the keys of all masters at once, within the limits. Undefined where a server does not allow SCAN. */
export async function inspectKeys(
  readers: readonly Reader[],
  limits: InspectLimits,
  { keyspaces, onProgress }: InspectOptions,
): Promise<KeysReport | undefined> {
  const until = performance.now() + limits.maxMs;
  const counts = await Promise.all(readers.map(countKeys));
  const total = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const walk: Walk = {
    book: new KeyBook(keyspaces, limits.top),
    plan: new SamplePlan(limits.maxSamples, total),
    onPage: () => onProgress?.({ scanned: walk.book.scanned, total }),
    late: () => performance.now() >= until,
  };
  walk.onPage();
  const ends = await Promise.all(readers.map((reader) => walkServer(reader, walk)));
  if (ends.includes('refused')) return undefined;
  return keysReport(walk.book, {
    database: await database(readers[0]),
    total,
    complete: !ends.includes('late'),
    classified: keyspaces !== undefined,
    showNames: limits.showNames,
  });
}

interface Walk {
  readonly book: KeyBook;
  readonly plan: SamplePlan;
  onPage(): void;
  late(): boolean;
}

async function walkServer(
  reader: Reader,
  { book, plan, onPage, late }: Walk,
): Promise<'all' | 'late' | 'refused'> {
  for await (const page of scanPages(reader)) {
    if (page === undefined) return 'refused';
    const chosen = page.filter((key) => plan.takes(book.see(nameOf(key))));
    onPage();
    for (let at = 0; at < chosen.length; at += BATCH) {
      if (late()) return 'late';
      await measureAll(reader, book, chosen.slice(at, at + BATCH));
    }
    if (late()) return 'late';
  }
  return 'all';
}

async function measureAll(reader: Reader, book: KeyBook, keys: readonly Buffer[]): Promise<void> {
  reader.throwIfAborted();
  const measures = await Promise.all(keys.map((key) => measureKey(reader, key)));
  for (const [index, key] of keys.entries()) {
    const measure = measures[index];
    if (measure !== undefined) book.measure(nameOf(key), measure);
  }
}

async function database(reader: Reader | undefined): Promise<number | undefined> {
  const reply = await reader?.optional('CLIENT INFO', ['CLIENT', 'INFO']);
  return reply === undefined ? undefined : figure(fields(text(reply).trim(), ' '), 'db');
}
