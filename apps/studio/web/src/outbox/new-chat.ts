import { type ChatClient, ChatClientError } from '@taproot/chat/client';
import { readList, writeList } from './session-list.ts';

const KEY = 'taproot:new-chat';
const RETRY_MS = 2000;
const MAX_TITLE = 60;

/** A message of a chat whose thread does not exist yet. */
export interface FirstMessage {
  readonly id: string;
  readonly text: string;
  readonly state: 'sending' | 'retrying' | 'refused';
  readonly error?: ChatClientError;
}

/** Messages written into a new chat, until its thread is created, however long the server is away. */
export class NewChat {
  readonly #client: ChatClient;
  readonly #onCreated: (thread: string) => void;
  readonly #listeners = new Set<() => void>();
  #waiting: readonly FirstMessage[];
  #creating = false;
  readonly #givenTo = new Map<string, readonly FirstMessage[]>();

  constructor(client: ChatClient, onCreated: (thread: string) => void) {
    this.#client = client;
    this.#onCreated = onCreated;
    this.#waiting = readList(KEY, isFirst).map(({ id, text }) => ({ id, text, state: 'retrying' }));
    if (this.#waiting.length > 0) void this.#create();
  }

  readonly subscribe = (changed: () => void): (() => void) => {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  };

  readonly waiting = (): readonly FirstMessage[] => this.#waiting;

  readonly send = (text: string): void => {
    this.#set([...this.#waiting, { id: crypto.randomUUID(), text, state: 'sending' }]);
    void this.#create();
  };

  /** What a thread was begun with; shown there until the thread itself has been loaded. */
  readonly givenTo = (thread: string): readonly FirstMessage[] => this.#givenTo.get(thread) ?? [];

  readonly discard = (id: string): void => this.#set(this.#waiting.filter((message) => message.id !== id));

  async #create(): Promise<void> {
    if (this.#creating) return;
    this.#creating = true;
    try {
      for (let first = this.#next(); first; first = this.#next()) await this.#attempt(first);
    } finally {
      this.#creating = false;
    }
  }

  #next(): FirstMessage | undefined {
    return this.#waiting.find(({ state }) => state !== 'refused');
  }

  async #attempt(first: FirstMessage): Promise<void> {
    try {
      const thread = await this.#client.createThread(titleFrom(first.text));
      const messages = this.#waiting.filter(({ state }) => state !== 'refused');
      // Into the client's outbox before they leave this one: a reload in between must find them somewhere.
      for (const { id, text } of messages)
        this.#client.send(thread.id, text, { id }).accepted.catch(() => undefined);
      this.#givenTo.set(thread.id, messages);
      this.#set(this.#waiting.filter((message) => !messages.includes(message)));
      this.#onCreated(thread.id);
    } catch (error) {
      const refusal = error instanceof ChatClientError && isFinal(error) ? error : undefined;
      this.#mark(refusal ? { state: 'refused', error: refusal } : { state: 'retrying' });
      if (!refusal) await this.#untilWorthTrying();
    }
  }

  /** The connection coming back, or a while: the thread is created over HTTP, which may recover by itself. */
  #untilWorthTrying(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        off();
        resolve();
      };
      const timer = setTimeout(done, RETRY_MS);
      const off = this.#client.on(
        'connection',
        ({ socket, redis }) => socket === 'open' && redis !== 'down' && done(),
      );
    });
  }

  #mark(change: Pick<FirstMessage, 'state' | 'error'>): void {
    this.#set(
      this.#waiting.map((message) => (message.state === 'refused' ? message : { ...message, ...change })),
    );
  }

  #set(waiting: readonly FirstMessage[]): void {
    this.#waiting = waiting;
    writeList(
      KEY,
      waiting.map(({ id, text }) => ({ id, text })),
    );
    for (const changed of this.#listeners) changed();
  }
}

/** A sign-in or a limit passes; any other refusal of the request would be the same next time. */
function isFinal(error: ChatClientError): boolean {
  const { status = 0 } = error;
  return status >= 400 && status < 500 && ![401, 408, 429].includes(status);
}

function titleFrom(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length <= MAX_TITLE ? line : `${line.slice(0, MAX_TITLE - 1).trimEnd()}…`;
}

function isFirst(value: unknown): value is { id: string; text: string } {
  if (typeof value !== 'object' || value === null) return false;
  const { id, text } = value as { id?: unknown; text?: unknown };
  return typeof id === 'string' && typeof text === 'string';
}
