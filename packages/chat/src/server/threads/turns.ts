import { createHash, randomBytes } from 'node:crypto';
import { pause, type RedisManager } from '@taproot/redis';
import type { MessagePart } from '../../protocol/index.ts';
import type { User } from '../agent.ts';
import { ChatError } from '../errors.ts';
import { CareIndex, INDEX_WITHIN_MS } from './care-index.ts';
import { DISPATCH_CHANNEL, pendingKey, pendingPartition, type ThreadKeys, threadKeys } from './keys.ts';
import { SEND } from './scripts.ts';
import { ThreadIndex } from './search/thread-index.ts';
import { decodeQuestion, questionField } from './snapshot.ts';
import { cutTitle } from './title.ts';

/** What `accepted` says. */
export interface Accepted {
  readonly seq: number;
  readonly run: string;
}

/** Who does something with a thread, and whose thread that is. */
export interface Actor {
  readonly user: User;
  readonly owner: string;
}

export interface TurnsOptions {
  readonly manager: RedisManager;
  /** Runs of one thread that may wait behind the one at work. */
  readonly maxQueuedRuns: number;
}

/** One thing that the user asks for, under an id of their client. */
interface Request {
  readonly kind: 'send' | 'edit' | 'regenerate';
  readonly id: string;
  /** The message that is replaced or answered anew. */
  readonly of: string;
  /** The question that the run answers. */
  readonly message: { readonly id: string; readonly parts: readonly MessagePart[] };
  /** `data` of the entry; of a regeneration without `supersedes`, which the script adds. */
  readonly data: object;
  /** What makes a repetition the same. */
  readonly content: unknown;
}

/** What users ask for: each is stored together with the record of its run; then both survive whatever happens. */
export class Turns {
  readonly #manager: RedisManager;
  readonly #maxQueuedRuns: number;
  readonly #care: CareIndex;
  readonly #index: ThreadIndex;

  constructor({ manager, maxQueuedRuns }: TurnsOptions) {
    this.#manager = manager;
    this.#care = new CareIndex(manager);
    this.#index = new ThreadIndex(manager);
    this.#maxQueuedRuns = maxQueuedRuns;
  }

  send(by: Actor, thread: string, id: string, parts: readonly MessagePart[]): Promise<Accepted> {
    const data = { type: 'user-message', id, parts };
    const content = contentOf(parts);
    return this.#store(by, thread, { kind: 'send', id, of: '', message: { id, parts }, data, content });
  }

  /** Puts a new message in the place of `of`; what followed is cut off. Rejects `run-open`, `superseded`, `unknown-target`. */
  edit(by: Actor, thread: string, id: string, of: string, parts: readonly MessagePart[]): Promise<Accepted> {
    const data = { type: 'user-message', id, parts, supersedes: of };
    const content = ['edit', of, contentOf(parts)];
    return this.#store(by, thread, { kind: 'edit', id, of, message: { id, parts }, data, content });
  }

  /** Answers `of` anew; the old answer and what followed are cut off. Rejects as `edit` does. */
  async regenerate(by: Actor, thread: string, id: string, of: string): Promise<Accepted> {
    const parts = await this.#partsOf(by, threadKeys(thread), of);
    const data = { type: 'run-requested', id, of };
    const content = ['regenerate', of];
    return this.#store(by, thread, {
      kind: 'regenerate',
      id,
      of,
      message: { id: of, parts },
      data,
      content,
    });
  }

  /**
   * The intent goes into the pending index first, because a script touches one slot only: an intent without a run is swept,
   * a run without an intent cannot be.
   */
  async #store({ user, owner }: Actor, thread: string, request: Request): Promise<Accepted> {
    const keys = threadKeys(thread);
    const run = `r${randomBytes(12).toString('base64url')}`;
    const pending = pendingKey(pendingPartition(thread));
    await Promise.all([
      this.#manager.call(['ZADD', pending, String(Date.now()), `${thread}/${run}`]),
      this.#care.intend(thread, INDEX_WITHIN_MS),
    ]);
    const reply = (await this.#manager.script(SEND, {
      keys: [
        keys.log.stream,
        keys.log.head,
        keys.meta,
        keys.ids,
        keys.queue,
        keys.run(run),
        keys.turns,
        keys.runs,
        keys.snapshots,
      ],
      args: [
        keys.log.channel,
        this.#manager.deployment.publish,
        entryOf(run, request),
        owner,
        idField(user, request.id),
        digest(request.content),
        run,
        String(this.#maxQueuedRuns + 1),
        titleOf(request.message.parts),
        JSON.stringify(request.message),
        JSON.stringify(user),
        request.kind,
        request.id,
        request.of,
      ],
    })) as string[];
    await this.#after(thread, run, reply[0] === 'ok', pending);
    return acceptedFromReply(reply);
  }

  /** What follows a stored message, or a refused one, is found by the sweep as well; its failure takes nothing back. */
  async #after(thread: string, run: string, stored: boolean, pending: string): Promise<void> {
    const work = stored
      ? [this.#manager.call(['PUBLISH', DISPATCH_CHANNEL, `${thread}/${run}`]), this.#index.refresh(thread)]
      : [this.#manager.call(['ZREM', pending, `${thread}/${run}`])];
    // Answering must not wait for Redis once the message is stored.
    await Promise.race([Promise.allSettled(work), pause(100)]);
  }

  /** A message's content. None for one that does not stand: the script tells why it is refused. */
  async #partsOf({ owner }: Actor, keys: ThreadKeys, id: string): Promise<readonly MessagePart[]> {
    const [stored, known] = await Promise.all([
      this.#manager.call(['HGET', keys.meta, 'owner']),
      this.#manager.call(['HGET', keys.snapshots, questionField(id)]),
    ]);
    if (stored !== owner) throw refusal('missing');
    return typeof known === 'string' ? decodeQuestion(known).parts : [];
  }
}

/** Ids are scoped to the user (PROTOCOL.md §6.3). */
function idField(user: User, id: string): string {
  return `${user.id} ${id}`;
}

/** An entry without its opening brace. */
function entryOf(run: string, { kind, data }: Request): string {
  const entry = JSON.stringify({ run, data }).slice(1);
  return kind === 'regenerate' ? `${entry.slice(0, -2)},"supersedes":` : entry;
}

function acceptedFromReply([status, seq, run]: readonly string[]): Accepted {
  if (status === 'ok' || status === 'dup') return { seq: Number(seq), run: run ?? '' };
  throw refusal(status);
}

function refusal(status: string | undefined): ChatError {
  switch (status) {
    case 'reused':
      return new ChatError('id-reused', 'This id was used for something else');
    case 'full':
      return new ChatError('queue-full', 'Too many messages of this thread wait for an answer', {
        retryAfterMs: 2000,
      });
    case 'unknown':
      return new ChatError('unknown-target', 'This thread has no such message');
    case 'superseded':
      return new ChatError('superseded', 'This message was replaced, and is no part of the thread any more');
    case 'open':
      return new ChatError('run-open', 'An answer is still being made; stop it first');
    default:
      return new ChatError('not-found', 'There is no such thread');
  }
}

function contentOf(parts: readonly MessagePart[]): unknown {
  return parts.map(({ type, text }) => [type, text]);
}

function digest(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
}

/** A thread is named after its first message until its owner names it. */
function titleOf(parts: readonly MessagePart[]): string {
  const line = parts
    .map((part) => part.text)
    .join('\n')
    .replace(/\s+/g, ' ')
    .trim();
  return cutTitle(line, '…');
}
