import type { Http } from './http.ts';
import type {
  FoundThreads,
  MessagesPage,
  PageOptions,
  SearchOptions,
  ThreadDetails,
  ThreadSummary,
} from './types.ts';

interface Waits {
  readonly signal?: AbortSignal;
}

/** The routes of PROTOCOL.md §3.4 and §3.5. The answers' shapes are the server's word. */
export class ThreadsApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  async list({ signal }: Waits = {}): Promise<readonly ThreadSummary[]> {
    const answer = await this.#http.request('GET', '/threads', { signal });
    return (answer as { readonly threads: readonly ThreadSummary[] }).threads;
  }

  async search(text: string, { limit, after, signal }: SearchOptions = {}): Promise<FoundThreads> {
    const path = `/threads?${queryOf({ q: text, limit, after })}`;
    return (await this.#http.request('GET', path, { signal })) as FoundThreads;
  }

  async create(title?: string): Promise<ThreadDetails> {
    const body = title === undefined ? {} : { title };
    return (await this.#http.request('POST', '/threads', { body })) as ThreadDetails;
  }

  async get(id: string, { signal }: Waits = {}): Promise<ThreadDetails> {
    return (await this.#http.request('GET', path(id), { signal })) as ThreadDetails;
  }

  async rename(id: string, title: string): Promise<void> {
    await this.#http.request('PATCH', path(id), { body: { title } });
  }

  async delete(id: string): Promise<void> {
    await this.#http.request('DELETE', path(id));
  }

  async messages(id: string, { before, limit, signal }: PageOptions = {}): Promise<MessagesPage> {
    const query = queryOf({ before, limit });
    return (await this.#http.request('GET', `${path(id)}/messages${query && `?${query}`}`, {
      signal,
    })) as MessagesPage;
  }
}

function path(id: string): string {
  return `/threads/${encodeURIComponent(id)}`;
}

function queryOf(fields: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, `${value}`]],
  );
  return `${new URLSearchParams(given)}`;
}
