import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type {
  Chunk,
  ClientFrame,
  ErrorFrame,
  LogEvent,
  RedisCondition,
  ServerFrame,
} from '../../src/protocol/index.ts';
import { command } from './peer-commands.ts';
import { historyOf } from './peer-history.ts';
import { PeerLog } from './peer-log.ts';

interface PeerFile {
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type SendFrame = Extract<ClientFrame, { type: 'send' }>;

/**
 * The other side, scripted: it speaks the protocol over real sockets, keeps its logs in memory and does what a test tells
 * it to, also what a server never should.
 */
export class Peer {
  readonly received: ClientFrame[] = [];
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly authorization: string | undefined;
  }[] = [];
  readonly logs = new Map<string, PeerLog>();
  /** Upgrades and `/readyz` get this status instead of being served. */
  refuse: { readonly status: number; readonly retryAfter?: string } | undefined;
  /** Instead of `ready`. */
  closeWith: number | undefined;
  /** What `send` is answered with, once each, before it works again. */
  readonly sendErrors: Omit<ErrorFrame, 'type' | 'ref'>[] = [];
  /** Return true to swallow a frame. */
  intercept: (frame: ClientFrame, socket: WebSocket) => boolean = () => false;
  /** Changes what goes out: other frames, or none. */
  outgoing: (frame: ServerFrame) => readonly ServerFrame[] = (frame) => [frame];
  /** Files that it serves, by their path, with their type. */
  readonly files = new Map<string, PeerFile>();
  /** Status of `GET /threads/:id/messages`, if not 200. */
  historyStatus: number | undefined;
  epoch = 'epoch-1';
  /** Who is signed in, whatever the credential. */
  user = { id: 'u', name: 'U' };
  /** Threads made by `POST /threads`; 503 instead while `refuse` is set. */
  readonly created: string[] = [];
  maxTextBytes = 65_536;
  readonly #http: Server = createServer((request, response) => void this.#serve(request, response));
  readonly #ws = new WebSocketServer({ noServer: true });
  readonly #attached = new Map<WebSocket, Set<string>>();
  #runs = 0;

  constructor() {
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.refuse !== undefined) {
        socket.end(
          `HTTP/1.1 ${this.refuse.status} No\r\nRetry-After: ${this.refuse.retryAfter ?? ''}\r\n\r\n`,
        );
      } else this.#ws.handleUpgrade(request, socket, head, (ws) => this.#welcome(ws, request));
    });
  }

  /** A listening peer that ends with the test. */
  static async start(): Promise<Peer> {
    const peer = new Peer();
    await peer.listen(0);
    onTestFinished(() => peer.stop());
    return peer;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get sockets(): number {
    return this.#attached.size;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#http.listen(port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.cut();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  log(thread: string): PeerLog {
    const known = this.logs.get(thread);
    if (known !== undefined) return known;
    const log = new PeerLog(thread);
    this.logs.set(thread, log);
    return log;
  }

  /** Appends to the log and tells everybody who is attached. */
  append(thread: string, run: string, ...events: (LogEvent | readonly Chunk[])[]): void {
    for (const data of events) {
      const event = this.log(thread).append(run, data);
      for (const [socket, threads] of this.#attached) if (threads.has(thread)) this.tell(socket, event);
    }
  }

  /** The bytes stop without a word, as when a cable is pulled or a process is killed. */
  cut(): void {
    for (const socket of this.#ws.clients) socket.terminate();
  }

  close(code: number): void {
    for (const socket of this.#ws.clients) socket.close(code, 'told to');
  }

  tellAll(frame: ServerFrame): void {
    for (const socket of this.#ws.clients) this.tell(socket, frame);
  }

  status(redis: RedisCondition): void {
    this.tellAll({ type: 'status', redis, since: Date.now() });
  }

  tell(socket: WebSocket, frame: ServerFrame): void {
    for (const out of this.outgoing(frame)) socket.send(JSON.stringify(out));
  }

  ofType<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.received.filter((frame): frame is Extract<ClientFrame, { type: T }> => frame.type === type);
  }

  #welcome(socket: WebSocket, request: IncomingMessage): void {
    this.#note(request);
    if (this.closeWith !== undefined) {
      socket.close(this.closeWith);
      return;
    }
    this.#attached.set(socket, new Set());
    socket.on('close', () => this.#attached.delete(socket));
    socket.on('message', (data) => this.#receive(socket, JSON.parse(String(data)) as ClientFrame));
    const limits = {
      maxFrameBytes: 262_144,
      maxTextBytes: this.maxTextBytes,
      maxQueuedRuns: 8,
      maxAttached: 64,
    };
    this.tell(socket, {
      type: 'ready',
      session: 's',
      user: this.user,
      limits,
      epoch: this.epoch,
    });
  }

  #receive(socket: WebSocket, frame: ClientFrame): void {
    this.received.push(frame);
    if (this.intercept(frame, socket)) return;
    if (frame.type === 'ping') this.tell(socket, { type: 'pong', n: frame.n });
    if (frame.type === 'detach') this.#attached.get(socket)?.delete(frame.thread);
    if (frame.type === 'send') this.#store(socket, frame);
    if (frame.type === 'answer')
      this.tell(socket, {
        type: 'error',
        ref: frame.callId,
        code: 'not-waiting',
        message: 'too late',
        applied: 'no',
      });
    if (frame.type === 'edit' || frame.type === 'regenerate' || frame.type === 'stop') {
      for (const answer of command(this, frame)) this.tell(socket, answer);
    }
    if (frame.type === 'attach') {
      const log = this.log(frame.thread);
      const attached = log.attached(frame.after);
      this.tell(socket, attached);
      for (const event of log.events.slice(attached.seq)) this.tell(socket, event);
      this.#attached.get(socket)?.add(frame.thread);
    }
  }

  #store(socket: WebSocket, frame: SendFrame): void {
    const { thread, id, text = '' } = frame;
    const log = this.log(thread);
    const known = log.sent.get(id);
    const told = this.sendErrors.shift();
    if (told !== undefined) this.tell(socket, { type: 'error', ref: id, ...told });
    else if (known !== undefined && known.text !== text) {
      this.tell(socket, { type: 'error', ref: id, code: 'id-reused', message: 'other text', applied: 'no' });
    } else {
      const { seq, run } = known ?? this.#begin(thread, id, text);
      this.tell(socket, { type: 'accepted', thread, id, seq, run });
    }
  }

  /** A run id that no other run has. */
  newRun(): string {
    return `r${++this.#runs}`;
  }

  #begin(thread: string, id: string, text: string): { readonly seq: number; readonly run: string } {
    const log = this.log(thread);
    const sent = { text, seq: log.head.seq + 1, run: this.newRun() };
    log.sent.set(id, sent);
    this.append(thread, sent.run, { type: 'user-message', id, parts: [{ type: 'text', text }] });
    return sent;
  }

  #note(request: IncomingMessage): void {
    const { method = '', url = '', headers } = request;
    this.requests.push({ method, path: url, authorization: headers.authorization });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#note(request);
    const { pathname } = new URL(request.url ?? '/', this.url);
    const { method } = request;
    const answer = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    };
    const file = this.files.get(pathname);
    if (file !== undefined)
      response.writeHead(200, { 'content-type': file.type, ...file.headers }).end(file.body);
    else if (pathname === '/readyz') {
      if (this.refuse === undefined) answer(200, { state: 'ready' });
      else answer(this.refuse.status, { state: 'down' }, { 'retry-after': this.refuse.retryAfter ?? '' });
    } else if (pathname === '/auth/ticket') answer(200, { ticket: 't-1' });
    else if (pathname === '/threads' && method === 'POST') {
      if (this.refuse !== undefined) return answer(this.refuse.status, { code: 'x' });
      const id = `th${this.created.length + 1}`;
      this.created.push(id);
      answer(201, { id, title: '', ...this.log(id).head, first: 1 });
    } else if (pathname.endsWith('/messages')) {
      if (this.historyStatus !== undefined) answer(this.historyStatus, { code: 'x', title: 'told to' });
      else answer(200, await historyOf(this.log(pathname.split('/')[2] ?? '')));
    } else if (pathname.startsWith('/threads/'))
      answer(200, { ...this.log(pathname.split('/')[2] ?? '').head });
    else answer(404, { code: 'not-found', detail: 'no such route', title: 'Not Found' });
  }
}
