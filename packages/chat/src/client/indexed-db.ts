import { ChatClientError } from './errors.ts';
import type { CommandStorage, KeptCommand } from './storage.ts';

const VERSION = 1;
const STORE = 'commands';
/** Browsers have been seen to leave a request to open without any answer. */
const OPEN_MS = 5_000;

/** Keeps commands in the IndexedDB of this origin. Chosen by itself where there is one; `name` is that of the database. */
export function indexedDbStorage(name: string): CommandStorage {
  return new IndexedDbStorage(name);
}

class IndexedDbStorage implements CommandStorage {
  readonly #name: string;
  #database: Promise<IDBDatabase> | undefined;
  #closed = false;

  constructor(name: string) {
    this.#name = name;
    // A page that is left right after a send has no time to open it then.
    this.#open().catch(() => undefined);
  }

  async list(): Promise<readonly KeptCommand[]> {
    const transaction = (await this.#open()).transaction(STORE, 'readonly');
    const request: IDBRequest<KeptCommand[]> = transaction.objectStore(STORE).getAll();
    await ended(transaction);
    return request.result;
  }

  async write(put: readonly KeptCommand[], drop: readonly string[]): Promise<void> {
    const transaction = (await this.#open()).transaction(STORE, 'readwrite');
    const store = transaction.objectStore(STORE);
    for (const command of put) store.put(command);
    for (const key of drop) store.delete(key);
    const end = ended(transaction);
    // A page that is reloaded now would abort what has not been committed.
    transaction.commit();
    await end;
  }

  close(): void {
    this.#closed = true;
    this.#database?.then((database) => database.close()).catch(() => undefined);
  }

  #open(): Promise<IDBDatabase> {
    if (this.#closed) return Promise.reject(new ChatClientError('closed', 'The storage was closed'));
    if (this.#database !== undefined) return this.#database;
    const forget = (): void => {
      this.#database = undefined;
    };
    const database = open(this.#name).then((opened) => {
      // Another version of the page wants to change it; and a browser closes what its user clears.
      opened.onversionchange = () => {
        opened.close();
        forget();
      };
      opened.onclose = forget;
      return opened;
    });
    this.#database = database;
    database.catch(forget);
    return database;
  }
}

function open(name: string): Promise<IDBDatabase> {
  const { promise, resolve, reject } = Promise.withResolvers<IDBDatabase>();
  let given = false;
  const fail = (why: string): void => {
    given = true;
    reject(new ChatClientError('storage', why, { applied: 'no' }));
  };
  const timer = setTimeout(() => fail('The storage does not answer'), OPEN_MS);
  promise.catch(() => undefined).finally(() => clearTimeout(timer));
  try {
    // Throws where a page may have no storage.
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'key' });
    request.onblocked = () => fail('Another tab holds an older version of the storage');
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      // Open after all, when nobody waits for it any more.
      if (given) request.result.close();
      else resolve(request.result);
    };
  } catch (error) {
    reject(error);
  }
  return promise;
}

function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
