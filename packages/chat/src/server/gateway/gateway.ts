import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Health, RedisManager } from '@taproot/redis';
import { type WebSocket, WebSocketServer } from 'ws';
import { CLOSE, type RedisCondition, type StatusFrame } from '../../protocol/index.ts';
import { authenticate, credentialOf } from '../auth/authenticate.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import { RETRY_AFTER_MS } from '../errors.ts';
import { type Allowed, hostAllowed, originAllowed } from '../http/origin.ts';
import type { ThreadStore } from '../threads/store.ts';
import { LIMITS } from './limits.ts';
import { refuseUpgrade } from './refuse.ts';
import { GatewaySocket } from './socket.ts';

export interface GatewayOptions {
  readonly manager: RedisManager;
  readonly threads: ThreadStore;
  readonly sessions: Sessions;
  readonly allowed: Allowed;
  readonly onError: (error: unknown) => void;
}

/** The one path of the socket and its subprotocol (PROTOCOL.md §5). */
export const SOCKET_PATH = '/ws';
export const SUBPROTOCOL = 'taproot.v1';

const HEARTBEAT_MS = 30_000;

/** Accepts sockets once Redis is ready, and tells them of its condition. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: WebSocketServer;
  readonly #sockets = new Set<GatewaySocket>();
  readonly #offState: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #condition: RedisCondition | undefined;
  #closing = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: LIMITS.maxFrameBytes,
      perMessageDeflate: false,
      // Naming none of the offered ones makes a browser report 1006 instead of the 1008 that tells it why.
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : ([...offered][0] ?? false)),
    });
    this.#server.on('wsClientError', (_error, socket) => refuseUpgrade(socket, 400, 'bad-request'));
    this.#condition = conditionOf(options.manager.health());
    this.#offState = options.manager.on('state', (health) => void this.#onHealth(health));
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** For the server's `upgrade` event. The order of the checks is PROTOCOL.md §5.1. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#admit(request, socket, head).catch((error: unknown) => {
      // Redis went away while the session was looked up: the same answer as before it was ready.
      this.#options.onError(error);
      refuseUpgrade(socket, 503, 'redis-unavailable', RETRY_AFTER_MS);
    });
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { manager, sessions, allowed } = this.#options;
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    if (url?.pathname !== SOCKET_PATH) return refuseUpgrade(socket, 404, 'not-found');
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      return refuseUpgrade(socket, 400, 'bad-request');
    if (this.#closing || manager.state !== 'ready') {
      return refuseUpgrade(socket, 503, 'redis-unavailable', RETRY_AFTER_MS);
    }
    if (!hostAllowed(request.headers.host, allowed)) return refuseUpgrade(socket, 403, 'foreign-host');
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
    const speaks = offered.includes(SUBPROTOCOL);
    const foreign = !originAllowed(request.headers, allowed);
    // Not before: looking up a ticket uses it up.
    const session = speaks && !foreign ? await authenticate(sessions, credentialOf(request, url)) : undefined;
    if (socket.destroyed) return;
    this.#server.handleUpgrade(request, socket, head, (accepted) => {
      // A browser cannot see the status of a refused upgrade, so these are told by close codes.
      if (!speaks) return dismiss(accepted, CLOSE.policy, `subprotocol ${SUBPROTOCOL} expected`);
      if (foreign) return dismiss(accepted, CLOSE.notAllowed, 'foreign origin');
      if (session === undefined) return dismiss(accepted, CLOSE.notSignedIn, 'not signed in');
      this.#welcome(accepted, session);
    });
  }

  #welcome(socket: WebSocket, session: Session): void {
    const { manager, threads, sessions, onError } = this.#options;
    // Too large or broken frames end the socket with their own close code; that is the client's matter.
    socket.on('error', () => undefined);
    const client = new GatewaySocket({ socket, session, manager, threads, sessions, onError });
    this.#sockets.add(client);
    socket.on('close', () => this.#sockets.delete(client));
    const condition = conditionOf(manager.health());
    if (condition === 'down') client.suspend();
    if (condition !== 'ready') client.send(statusFrame(manager.health(), condition));
  }

  async #onHealth(health: Health): Promise<void> {
    const condition = conditionOf(health);
    const before = this.#condition;
    if (condition === before) return;
    this.#condition = condition;
    if (condition === 'down') for (const client of this.#sockets) client.suspend();
    if (before === 'down') await this.#recheckSessions();
    for (const client of this.#sockets) client.send(statusFrame(health, condition));
  }

  /** A session may have been revoked while Redis was away. */
  async #recheckSessions(): Promise<void> {
    await Promise.allSettled([...this.#sockets].map((client) => client.resume()));
  }

  /** Tells every client to reconnect elsewhere; resolves when their sockets are closed, after 2 s at the latest. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#offState();
    clearInterval(this.#heartbeat);
    for (const client of this.#sockets) client.close(CLOSE.draining, 'this gateway is draining');
    const cut = setTimeout(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, 2000);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(cut);
  }

  #beat(): void {
    for (const client of this.#sockets) client.heartbeat();
  }
}

/** What clients are told of a manager's state. */
export function conditionOf({ state }: Health): RedisCondition {
  if (state === 'ready' || state === 'degraded') return state;
  return 'down';
}

function statusFrame({ since }: Health, redis: RedisCondition): StatusFrame {
  return { type: 'status', redis, since, ...(redis !== 'ready' && { retryAfterMs: RETRY_AFTER_MS }) };
}

function dismiss(socket: WebSocket, code: number, reason: string): void {
  socket.on('error', () => undefined);
  socket.close(code, reason);
}
