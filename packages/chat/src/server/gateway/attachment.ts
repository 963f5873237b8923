import {
  type LogEntry,
  pause,
  type RedisManager,
  RedisManagerError,
  type TailPosition,
} from '@taproot/redis';
import type { After, AttachedFrame } from '../../protocol/index.ts';
import type { ThreadKeys } from '../threads/keys.ts';

export interface AttachmentOptions {
  readonly manager: RedisManager;
  readonly thread: string;
  readonly keys: ThreadKeys;
  readonly after: After | undefined;
  /** Sends one frame; resolves when the socket can take more. */
  readonly send: (frame: string) => Promise<void>;
  /** Whether a log that is gone was deleted by its owner. */
  readonly wasDeleted: (thread: string) => Promise<boolean>;
}

/** One thread on one socket: where it stands, then its events. */
export class Attachment {
  readonly #options: AttachmentOptions;
  readonly #abort = new AbortController();
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
    const { manager, thread, keys, after, send } = this.#options;
    const { signal } = this.#abort;
    for await (const item of manager.log.tail(keys.log, {
      signal,
      ...(after && { after: readAfter(after) }),
    })) {
      const frame = item.kind === 'entry' ? eventFrame(thread, item.entry) : await this.#position(item);
      if (signal.aborted) return;
      await send(frame);
    }
  }

  /** Where the socket stands in the thread; for a log that is gone also why. */
  async #position(position: TailPosition): Promise<string> {
    const { thread } = this.#options;
    const deleted = position.reason === 'wiped' && (await this.#wasDeleted());
    return JSON.stringify(deleted ? { type: 'thread-deleted', thread } : attachedFrame(thread, position));
  }

  /** Waits with a Redis that has gone away again since the log was read. */
  async #wasDeleted(): Promise<boolean> {
    const { thread, wasDeleted } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        return await wasDeleted(thread);
      } catch (error) {
        if (!(error instanceof RedisManagerError) || error.code === 'closed') throw error;
        await pause(200, signal);
      }
    }
    return false;
  }
}

function readAfter({ seq, chain, marks }: After): {
  seq: number;
  chain?: string;
  marks?: After['marks'] & {};
} {
  return { seq, ...(chain !== undefined && { chain }), ...(marks && { marks }) };
}

function attachedFrame(thread: string, { kind: _, ...position }: TailPosition): AttachedFrame {
  return { type: 'attached', thread, ...position };
}

/** The stored bytes go out as they are: the frame is the entry's object with the frame's own members put before. */
function eventFrame(thread: string, { seq, chain, prev, body }: LogEntry): string {
  return `{"type":"event","thread":"${thread}","seq":${seq},"chain":"${chain}","prev":"${prev}",${body.slice(1)}`;
}
