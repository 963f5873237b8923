import { DEFAULT_BACKOFF } from './backoff.ts';
import { ChatClientError } from './errors.ts';
import { indexedDbStorage } from './indexed-db.ts';
import type { CommandStorage } from './storage.ts';
import type { Backoff, ChatClientOptions } from './types.ts';

/** Options with their defaults, checked. */
export interface Settings {
  readonly origin: string;
  readonly socketUrl: string;
  readonly WebSocket: typeof WebSocket;
  readonly fetch: typeof fetch;
  readonly backoff: Backoff;
  readonly pingIntervalMs: number;
  readonly connectTimeoutMs: number;
  readonly storage: CommandStorage | undefined;
}

export function settingsOf(options: ChatClientOptions): Settings {
  const { backoff = DEFAULT_BACKOFF, pingIntervalMs = 15_000, connectTimeoutMs = 10_000 } = options;
  atLeast('backoff.minMs', backoff.minMs, 1);
  atLeast('backoff.maxMs', backoff.maxMs, backoff.minMs);
  atLeast('pingIntervalMs', pingIntervalMs, 50);
  atLeast('connectTimeoutMs', connectTimeoutMs, 50);
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  if (Socket === undefined) {
    throw new ChatClientError(
      'bad-option',
      'WebSocket: this platform has none (Node has since 22), so pass one',
    );
  }
  const where = addresses(options.url);
  return {
    ...where,
    storage: storageOf(options, where.origin),
    WebSocket: Socket,
    // Browsers refuse a `fetch` that is called as a method of something else.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    backoff,
    pingIntervalMs,
    connectTimeoutMs,
  };
}

function storageOf({ storage }: ChatClientOptions, origin: string): CommandStorage | undefined {
  if (storage !== undefined) return storage || undefined;
  return globalThis.indexedDB === undefined ? undefined : indexedDbStorage(`taproot:${origin}`);
}

function addresses(url: string): { readonly origin: string; readonly socketUrl: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new ChatClientError(
      'bad-option',
      `url: expected an http: or https: origin, got ${JSON.stringify(url)}`,
    );
  }
  return { origin: parsed.origin, socketUrl: `${parsed.origin.replace(/^http/, 'ws')}/ws` };
}

function atLeast(name: string, value: number, minimum: number): void {
  if (value >= minimum) return;
  throw new ChatClientError('bad-option', `${name}: expected at least ${minimum}, got ${value}`);
}
