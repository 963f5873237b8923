import type { RedisManager } from '@taproot/redis';
import { threadKeys, userKeys } from '../keys.ts';
import { decodeQuestion } from '../snapshot.ts';
import { readRecord } from '../thread-record.ts';
import { documentOf, indexedWords, type SearchDocument } from './document.ts';
import { DESCRIBE, INDEX, UNINDEX } from './scripts.ts';

/** Newest messages of a thread that are looked at, and bytes of them. */
const MESSAGES = 64;
const MESSAGE_BYTES = 64 * 1024;
/** A thread that changes all the time is brought up to date by its next change. */
const MAX_ATTEMPTS = 4;

interface Description {
  readonly owner: string;
  /** The owner of a thread that was deleted. */
  readonly deletedBy: string;
  readonly updatedAt: string;
  readonly document: SearchDocument;
}

/**
 * The index of each user's threads: which there are, by last change, and what can be found of them. It lies in the user's slot
 * and is made anew from the thread whenever that changes, after the thread itself; so it may be behind, and never decides anything.
 */
export class ThreadIndex {
  readonly #manager: RedisManager;

  constructor(manager: RedisManager) {
    this.#manager = manager;
  }

  /** Makes a thread's entry anew. Undefined if there is no such thread any more. */
  async refresh(thread: string): Promise<SearchDocument | undefined> {
    for (let attempt = 1; ; attempt++) {
      const { owner, deletedBy, updatedAt, document } = await this.#describe(thread);
      if (owner === '') {
        if (deletedBy !== '') await this.remove(deletedBy, thread);
        return undefined;
      }
      await this.#write(owner, thread, updatedAt, document);
      // Whoever else writes looks again as well, so the newest is what stays, in whatever order they wrote.
      const { version } = await readRecord(this.#manager, thread);
      if (version === document.version || attempt === MAX_ATTEMPTS) return document;
    }
  }

  async remove(user: string, thread: string): Promise<void> {
    const { threads, words, texts } = userKeys(user);
    await this.#manager.script(UNINDEX, { keys: [threads, words, texts], args: [thread] });
  }

  async #describe(thread: string): Promise<Description> {
    const { meta, turns, snapshots } = threadKeys(thread);
    const reply = (await this.#manager.script(DESCRIBE, {
      keys: [meta, turns, snapshots],
      args: [String(MESSAGES), String(MESSAGE_BYTES)],
    })) as string[];
    const [owner = '', deletedBy = '', title = '', version = '', updatedAt = '', ...rest] = reply;
    const questions = rest.flatMap((id, i) =>
      i % 2 === 0 ? [[id, decodeQuestion(rest[i + 1] ?? '')] as const] : [],
    );
    return { owner, deletedBy, updatedAt, document: documentOf(version, title, questions) };
  }

  async #write(user: string, thread: string, updatedAt: string, document: SearchDocument): Promise<void> {
    const { threads, words, texts } = userKeys(user);
    await this.#manager.script(INDEX, {
      keys: [threads, words, texts],
      args: [thread, updatedAt, indexedWords(document), JSON.stringify(document)],
    });
  }
}
