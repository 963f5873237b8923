import type { RedisManager } from '@taproot/redis';
import { threadKeys } from './keys.ts';

/** A thread as its owner sees it (PROTOCOL.md §3.4). */
export interface ThreadInfo {
  readonly id: string;
  readonly title: string;
  /** `running` while a run is open, `waiting` while it waits for the user's answer. */
  readonly status: 'idle' | 'running' | 'waiting';
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A thread with the state of its log. */
export interface ThreadDetails extends ThreadInfo {
  readonly seq: number;
  readonly chain: string;
  readonly first: number;
}

/** What is stored of a thread beside its log. */
export interface ThreadRecord {
  /** Absent if there is no such thread. */
  readonly owner: string | undefined;
  readonly title: string;
  /** Another one with each change of the title or the messages. */
  readonly version: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly waiting: boolean;
}

export async function readRecord(manager: RedisManager, id: string): Promise<ThreadRecord> {
  const fields = ['owner', 'title', 'version', 'createdAt', 'updatedAt', 'waiting'];
  const reply = await manager.call(['HMGET', threadKeys(id).meta, ...fields]);
  const [owner, title, version, createdAt, updatedAt, waiting] = reply as (string | null)[];
  return {
    owner: owner ?? undefined,
    title: title ?? '',
    version: version ?? '',
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
    waiting: waiting != null,
  };
}

/** `open`: how many of its runs are. */
export function infoOf(id: string, record: ThreadRecord, open: number): ThreadInfo {
  const { title, createdAt, updatedAt, waiting } = record;
  return { id, title, status: waiting ? 'waiting' : open > 0 ? 'running' : 'idle', createdAt, updatedAt };
}
