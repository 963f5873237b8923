import type { Applied } from '../protocol/index.ts';
import { ChatClientError, type ChatClientErrorCode } from './errors.ts';
import { retryAfterMs } from './retry-after.ts';

export interface HttpOptions {
  readonly origin: string;
  readonly fetch: typeof fetch;
  readonly token: () => string | undefined;
  readonly timeoutMs: number;
}

export interface HttpRequest {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** What `/readyz` says (PROTOCOL.md §8.6). */
export type Readiness = {
  readonly state: 'ready' | 'not-ready' | 'no-answer';
  readonly retryAfterMs?: number;
};

/** JSON over HTTP with a deadline; every failure is a `ChatClientError`. */
export class Http {
  readonly #options: HttpOptions;
  readonly #closed = new AbortController();

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  request(method: string, path: string, request: HttpRequest = {}): Promise<unknown> {
    return this.#exchange(method, path, request, async (response) => {
      if (!response.ok) throw await problemOf(response, method);
      return response.status === 204 ? undefined : await response.json();
    });
  }

  /** Good for one socket. */
  async ticket(signal: AbortSignal): Promise<string> {
    const answer = await this.request('POST', '/auth/ticket', { signal });
    const ticket = (answer as { readonly ticket?: unknown } | undefined)?.ticket;
    if (typeof ticket === 'string') return ticket;
    throw new ChatClientError('bad-answer', 'POST /auth/ticket was answered without a ticket');
  }

  async readiness(signal: AbortSignal): Promise<Readiness> {
    try {
      return await this.#exchange('GET', '/readyz', { signal }, async (response) => {
        await response.body?.cancel();
        const wait = retryAfterMs(response.headers.get('retry-after'));
        const state = response.ok ? 'ready' : response.status === 503 ? 'not-ready' : 'no-answer';
        return wait === undefined ? { state } : { state, retryAfterMs: wait };
      });
    } catch {
      return { state: 'no-answer' };
    }
  }

  close(): void {
    this.#closed.abort();
  }

  /** The deadline covers the body too. */
  async #exchange<T>(
    method: string,
    path: string,
    { body, signal }: HttpRequest,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { origin, timeoutMs } = this.#options;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    const signals = [deadline.signal, this.#closed.signal, ...(signal ? [signal] : [])];
    const init: RequestInit = { method, headers: this.#headers(method), signal: AbortSignal.any(signals) };
    if (method !== 'GET') init.body = JSON.stringify(body ?? {});
    try {
      return await read(await this.#options.fetch(origin + path, init));
    } catch (cause) {
      throw cause instanceof ChatClientError ? cause : this.#failure(method, path, cause, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #headers(method: string): Record<string, string> {
    const token = this.#options.token();
    return {
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  #failure(method: string, path: string, cause: unknown, signal: AbortSignal | undefined): ChatClientError {
    const applied: Applied = method === 'GET' ? 'no' : 'unknown';
    if (this.#closed.signal.aborted)
      return new ChatClientError('closed', 'The chat client was closed', { applied, cause });
    if (signal?.aborted)
      return new ChatClientError('aborted', `${method} ${path} was aborted`, { applied, cause });
    if (cause instanceof SyntaxError)
      return new ChatClientError('bad-answer', `${method} ${path}: not JSON`, { cause });
    return new ChatClientError('network', `${method} ${path} got no answer`, { applied, cause });
  }
}

const CODE_OF_STATUS: Readonly<Record<number, ChatClientErrorCode>> = {
  401: 'not-signed-in',
  403: 'not-allowed',
  404: 'not-found',
  413: 'too-large',
  500: 'internal',
  501: 'not-supported',
  503: 'redis-unavailable',
};

/** The error that an answer stands for; it may carry a problem document (PROTOCOL.md §3.1). */
async function problemOf(response: Response, method: string): Promise<ChatClientError> {
  const problem = (await response.json().catch(() => undefined)) as
    | Record<string, unknown>
    | undefined
    | null;
  const text = (key: string): string | undefined => {
    const value = problem?.[key];
    return typeof value === 'string' ? value : undefined;
  };
  const wait = retryAfterMs(response.headers.get('retry-after'));
  const applied = text('applied');
  const told = applied === 'yes' || applied === 'no' || applied === 'unknown' ? applied : undefined;
  const code = CODE_OF_STATUS[response.status] ?? 'http';
  const problemCode = text('code');
  return new ChatClientError(code, text('detail') ?? text('title') ?? `HTTP ${response.status}`, {
    status: response.status,
    applied: told ?? (method === 'GET' || response.status < 500 ? 'no' : 'unknown'),
    ...(problemCode === undefined ? {} : { problem: problemCode }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}
