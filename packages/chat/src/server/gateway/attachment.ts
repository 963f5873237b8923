import {
  type LogEntry,
  type LogPosition,
  pause,
  type RedisManager,
  RedisManagerError,
  type TailPosition,
} from '@taproot/redis';
import type { After, AttachedFrame } from '../../protocol/index.ts';
import { type Tombstone, tombstoneOf } from '../threads/deletion.ts';
import type { ThreadKeys } from '../threads/keys.ts';
import type { DeliveryMeter } from './delivery-meter.ts';

export interface AttachmentOptions {
  readonly manager: RedisManager;
  readonly thread: string;
  readonly keys: ThreadKeys;
  readonly after: After | undefined;
  /** Sends one frame; resolves when the socket can take more. */
  readonly send: (frame: string) => Promise<void>;
  readonly deliveries: DeliveryMeter;
}

/** One thread on one socket: where it stands, then its events. */
export class Attachment {
  readonly #options: AttachmentOptions;
  readonly #abort = new AbortController();
  /** What was sent last. */
  #at: LogPosition = { seq: 0, chain: '' };
  readonly done: Promise<void>;

  constructor(options: AttachmentOptions) {
    this.#options = options;
    this.done = this.#follow();
  }

  detach(): Promise<void> {
    this.#abort.abort();
    return this.done;
  }

  async #follow(): Promise<void> {
    const { manager, thread, keys, after, send, deliveries } = this.#options;
    const { signal } = this.#abort;
    for await (const item of manager.log.tail(keys.log, {
      signal,
      ...(after && { after: readAfter(after) }),
    })) {
      if (item.kind === 'position' && item.reason === 'wiped') await this.#gone(item);
      else {
        this.#at = item.kind === 'entry' ? item.entry : item;
        const frame = item.kind === 'entry' ? eventFrame(thread, item.entry) : positionFrame(thread, item);
        if (signal.aborted) return;
        await send(frame);
        if (item.kind === 'entry') deliveries.add(item.entry);
      }
    }
  }

  /** A log that is gone was deleted by its owner, after the last entries that the tombstone has; or it was lost. */
  async #gone(position: TailPosition): Promise<void> {
    const { thread, send } = this.#options;
    const { signal } = this.#abort;
    const tombstone = await this.#tombstone();
    if (signal.aborted) return;
    if (tombstone === undefined) return send(positionFrame(thread, position));
    for (const entry of tombstone.closing) {
      if (entry.seq !== this.#at.seq + 1 || entry.prev !== this.#at.chain) continue;
      this.#at = entry;
      await send(eventFrame(thread, entry));
    }
    await send(JSON.stringify({ type: 'thread-deleted', thread }));
  }

  /** Waits with a Redis that has gone away again since the log was read. */
  async #tombstone(): Promise<Tombstone | undefined> {
    const { manager, thread } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        return await tombstoneOf(manager, thread);
      } catch (error) {
        if (!(error instanceof RedisManagerError) || error.code === 'closed') throw error;
        await pause(200, signal);
      }
    }
    return undefined;
  }
}

function readAfter({ seq, chain, marks }: After): {
  seq: number;
  chain?: string;
  marks?: After['marks'] & {};
} {
  return { seq, ...(chain !== undefined && { chain }), ...(marks && { marks }) };
}

function positionFrame(thread: string, { kind: _, ...position }: TailPosition): string {
  const frame: AttachedFrame = { type: 'attached', thread, ...position };
  return JSON.stringify(frame);
}

/** The stored bytes go out as they are: the frame is the entry's object with the frame's own members put before. */
function eventFrame(thread: string, { seq, chain, prev, body }: LogEntry): string {
  return `{"type":"event","thread":"${thread}","seq":${seq},"chain":"${chain}","prev":"${prev}",${body.slice(1)}`;
}
