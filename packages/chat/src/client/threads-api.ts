import type { Http } from './http.ts';
import type { MessagesPage, PageOptions, ThreadDetails, ThreadSummary } from './types.ts';

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
    const query = new URLSearchParams();
    if (before !== undefined) query.set('before', before);
    if (limit !== undefined) query.set('limit', String(limit));
    const search = query.size > 0 ? `?${query}` : '';
    return (await this.#http.request('GET', `${path(id)}/messages${search}`, { signal })) as MessagesPage;
  }
}

function path(id: string): string {
  return `/threads/${encodeURIComponent(id)}`;
}
