import type { Outgoing } from './outgoing.ts';
import { Ownership } from './ownership.ts';
import { isProvisional } from './provisional.ts';
import type { CommandStorage, KeptCommand, StorageState } from './storage.ts';

export interface KeptCommandsOptions {
  /** Absent: in memory only. */
  readonly storage: CommandStorage | undefined;
  /** Of the deployment: its clients share their storage. */
  readonly scope: string;
  readonly onState: (state: StorageState) => void;
}

/** What its user has not sent in this time is dropped. */
const MAX_AGE_MS = 30 * 24 * 3_600_000;
/** A tab that lives and has commands of its own must not hold up this one for longer. */
const RESTORE_MS = 500;

/** The user's unaccepted commands in a storage, and in memory those of all users that this page has seen. */
export class KeptCommands {
  readonly #storage: CommandStorage | undefined;
  readonly #onState: (state: StorageState) => void;
  readonly #ownership: Ownership;
  readonly #mine = new Map<string, KeptCommand>();
  /** As they are in the storage, as far as is known. */
  readonly #written = new Map<string, KeptCommand>();
  /** In the outbox; those of others are not. */
  #present = new Set<string>();
  #state: StorageState;
  #user: string | undefined;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ storage, scope, onState }: KeptCommandsOptions) {
    this.#storage = storage;
    this.#onState = onState;
    this.#ownership = new Ownership(scope, storage !== undefined);
    this.#state = { durable: storage !== undefined };
  }

  get state(): StorageState {
    return this.#state;
  }

  /** Resolves when what was told of so far is written, or cannot be. */
  get settled(): Promise<void> {
    return this.#last;
  }

  /** Somebody is signed in. What others gave is neither shown nor sent until they are again. */
  signedIn(user: string): void {
    this.#user = user;
  }

  isForeign({ key }: Outgoing): boolean {
    const user = this.#mine.get(key)?.user;
    return user !== undefined && user !== this.#user;
  }

  /** All commands of the outbox that are to outlive the page; those that left it are dropped. */
  keep(messages: readonly Outgoing[]): void {
    if (this.#closed) return;
    const there = new Set(messages.map(({ key }) => key));
    for (const message of messages) {
      const known = this.#mine.get(message.key);
      const next = this.#recordOf(message, known?.user ?? this.#user);
      if (JSON.stringify(known) !== JSON.stringify(next)) this.#mine.set(message.key, next);
    }
    for (const key of this.#present) {
      const user = this.#mine.get(key)?.user;
      if (!there.has(key) && (user === undefined || user === this.#user)) this.#mine.delete(key);
    }
    this.#present = there;
    this.#write();
  }

  /** Hands over what the user left unsent, here before or in a client that is gone, also later when one goes. */
  async restore(take: (commands: readonly KeptCommand[]) => void): Promise<void> {
    this.#write();
    const owners = new Set((await this.#list()).map(({ owner }) => owner));
    const taken = [...owners].map((owner) =>
      this.#ownership.whenGone(owner, () => this.#takeOver(owner, take)).catch(() => undefined),
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise((resolve) => {
      timer = setTimeout(resolve, RESTORE_MS);
    });
    await Promise.race([Promise.all(taken), enough]);
    clearTimeout(timer);
  }

  /** What is kept stays for the next client. */
  close(): void {
    this.#closed = true;
    // Not before the storage has it all.
    void this.#last.then(() => {
      this.#ownership.end();
      this.#storage?.close();
    });
  }

  async #takeOver(owner: string, take: (commands: readonly KeptCommand[]) => void): Promise<void> {
    // Read again: the owner may have sent them meanwhile, or another client was quicker.
    const kept = (await this.#list()).filter((one) => one.owner === owner && this.#mayHave(one));
    if (this.#closed) return;
    for (const one of kept) {
      this.#present.add(one.key);
      this.#written.set(one.key, one);
      this.#mine.set(one.key, { ...one, owner: this.#ownership.id, ...(this.#user && { user: this.#user }) });
    }
    take(kept.sort((one, other) => one.order - other.order));
    this.#write();
    await this.#last;
  }

  #mayHave({ user, tab, command }: KeptCommand): boolean {
    if (user !== undefined && user !== this.#user) return false;
    if (user === undefined && tab !== this.#ownership.tab) return false;
    // A thread made by each of two clients would be two.
    return this.#ownership.exclusive || !isProvisional(command.thread) || tab === this.#ownership.tab;
  }

  /** Of the storage, or of this page alone if that fails. */
  async #list(): Promise<KeptCommand[]> {
    const all = new Map(this.#mine);
    try {
      const stored = (await this.#storage?.list()) ?? [];
      const old = Date.now() - MAX_AGE_MS;
      for (const one of stored) if (!all.has(one.key) && one.order > old) all.set(one.key, one);
      const expired = stored.filter(({ order }) => order <= old).map(({ key }) => key);
      if (expired.length > 0) await this.#storage?.write([], expired);
    } catch (error) {
      this.#tell(error);
    }
    return [...all.values()];
  }

  #write(): void {
    const storage = this.#storage;
    if (storage === undefined || this.#closed) return;
    const put = [...this.#mine.values()].filter((one) => this.#written.get(one.key) !== one);
    const drop = [...this.#written.values()].filter(({ key }) => !this.#mine.has(key));
    if (put.length === 0 && drop.length === 0) return;
    for (const one of put) this.#written.set(one.key, one);
    for (const { key } of drop) this.#written.delete(key);
    const failed = (error: unknown): void => {
      // Tried again with the next change.
      for (const one of put) if (this.#written.get(one.key) === one) this.#written.delete(one.key);
      for (const one of drop) if (!this.#written.has(one.key)) this.#written.set(one.key, one);
      this.#tell(error);
    };
    const keys = drop.map(({ key }) => key);
    const written = storage.write(put, keys).then(() => this.#tell(undefined), failed);
    this.#last = Promise.all([this.#last, written]).then(() => undefined);
  }

  #tell(error: unknown): void {
    const problem =
      error instanceof Error || error instanceof DOMException ? error.message || error.name : '';
    const state: StorageState = error === undefined ? { durable: true } : { durable: false, problem };
    if (JSON.stringify(state) === JSON.stringify(this.#state) || this.#closed) return;
    this.#state = state;
    this.#onState(state);
  }

  #recordOf({ key, order, command, error, phase }: Outgoing, user: string | undefined): KeptCommand {
    const { id: owner, tab } = this.#ownership;
    const refusal = phase === 'refused' && error ? { code: error.code, message: error.message } : undefined;
    return { key, owner, tab, order, command, ...(user && { user }), ...(refusal && { refusal }) };
  }
}
