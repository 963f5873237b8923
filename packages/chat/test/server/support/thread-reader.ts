import type { ChatMessage } from '@taproot/chat/protocol';
import { HistoryReads } from '../../../src/server/threads/history-reads.ts';
import { Retention, type RetentionOptions } from '../../../src/server/threads/retention.ts';
import type { Deployment, Member } from './deployment.ts';

/** The whole history, read in pages of so many messages. */
export async function historyOf(
  { manager }: Pick<Member, 'manager'>,
  thread: string,
  limit = 200,
): Promise<ChatMessage[]> {
  const reads = new HistoryReads(manager);
  let messages: ChatMessage[] = [];
  for (let before: string | undefined; ; ) {
    const page = await reads.of(thread, { before, limit });
    if (page === undefined) return messages;
    messages = [...page.messages, ...messages];
    if (page.messages.length < limit && !page.more) return messages;
    before = page.messages[0]?.id;
  }
}

/** Entries that Redis has of a thread's log, and the fields of its snapshots. */
export async function storedOf(
  { redis }: Deployment,
  thread: string,
): Promise<{ entries: number; first: number; snapshots: string[] }> {
  const key = (name: string): string => `taproot:{thread:${thread}}:${name}`;
  return {
    entries: Number(await redis.cli('XLEN', key('log'))),
    first: Number(await redis.cli('HGET', key('head'), 'first')),
    snapshots: (JSON.parse(await redis.cli('HKEYS', key('snapshots'))) as string[]).toSorted(),
  };
}

/** Trims as a worker does. */
export function trim(
  { manager }: Pick<Member, 'manager'>,
  thread: string,
  policy: RetentionOptions,
): Promise<number | undefined> {
  return new Retention(manager, policy).trim(thread);
}
