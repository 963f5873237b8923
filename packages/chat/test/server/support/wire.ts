import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { ServerFrame } from '@taproot/chat/protocol';
import { eventually } from '@taproot/testkit';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

type Headers = Readonly<Record<string, string>>;

export interface WireOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  readonly ticket?: string;
  readonly headers?: Headers;
  /** @default ['taproot.v1'] */
  readonly protocols?: readonly string[];
}

type Frame<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

/** Frames that answer another; events and news come by themselves. */
const ANSWERS: ReadonlySet<string> = new Set(['accepted', 'attached', 'stopped', 'error', 'pong']);

/** A bare socket: sends whatever it is told to, and keeps all that comes. */
export class Wire {
  readonly frames: ServerFrame[] = [];
  readonly socket: WebSocket;
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(url: string, { token, ticket, headers, protocols = ['taproot.v1'] }: WireOptions = {}) {
    const query = ticket === undefined ? '' : `?ticket=${encodeURIComponent(ticket)}`;
    this.socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws${query}`, [...protocols], {
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    });
    this.socket.on('message', (data) => this.frames.push(JSON.parse(String(data)) as ServerFrame));
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    // What it means is told by the close.
    this.socket.on('error', () => undefined);
    onTestFinished(() => this.socket.terminate());
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Sends a frame and waits for the answer to it; for one question at a time. */
  async ask(frame: object | string): Promise<ServerFrame> {
    const from = this.frames.length;
    this.send(frame);
    return eventually(() => {
      const answer = this.frames.slice(from).find(({ type }) => ANSWERS.has(type));
      if (answer === undefined) expect.fail(`no answer to ${JSON.stringify(frame).slice(0, 200)}`);
      return answer;
    });
  }

  /** All frames of a type so far. */
  of<T extends ServerFrame['type']>(type: T): Frame<T>[] {
    return this.frames.filter((frame): frame is Frame<T> => frame.type === type);
  }

  async until<T extends ServerFrame['type']>(type: T): Promise<Frame<T>> {
    return eventually(
      () => this.of(type).at(-1) ?? expect.fail(`no ${type}; ${JSON.stringify(this.closed)}`),
    );
  }

  /** The code with which the server closed it. */
  async closeCode(): Promise<number> {
    return eventually(() => this.closed?.code ?? expect.fail('the socket is still open'));
  }

  close(): void {
    this.socket.close();
  }
}

/** A socket that the server has welcomed. */
export async function connected(url: string, options: WireOptions): Promise<Wire> {
  const wire = new Wire(url, options);
  await wire.until('ready');
  return wire;
}

export interface Refusal {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** The HTTP answer to an upgrade; 101 if it was accepted. `Host` and others may be anything. */
export async function upgrade(url: string, headers: Headers = {}, path = '/ws'): Promise<Refusal> {
  const { hostname, port } = new URL(url);
  const call = request({
    ...{ hostname, port, path },
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  });
  call.end();
  const [answer, socket] = await Promise.race([
    once(call, 'response') as Promise<[IncomingMessage]>,
    once(call, 'upgrade') as Promise<[IncomingMessage, IncomingMessage['socket']]>,
  ]);
  let body = '';
  if (socket === undefined) for await (const chunk of answer) body += String(chunk);
  else socket.destroy();
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
}
