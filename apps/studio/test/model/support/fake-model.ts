import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as the provider got it. */
export interface ModelRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: RequestBody;
  /** When it came, in ms of a monotonic clock. */
  readonly at: number;
  /** The client went away before the answer was whole. */
  readonly aborted: boolean;
}

/** What the tests look at. */
export interface RequestBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly RequestMessage[];
  readonly system?: unknown;
  readonly tools?: readonly unknown[];
  readonly tool_choice?: unknown;
  readonly max_tokens?: number;
}

export interface RequestMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly arguments: string } }[];
}

export type Reply = (response: ServerResponse, request: ModelRequest) => void | Promise<void>;

/** A provider of models on loopback. It gives the replies in their order; the last one again and again. */
export class FakeModel {
  readonly requests: ModelRequest[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #replies: Reply[] = [];

  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  reply(...replies: Reply[]): void {
    this.#replies = replies;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    onTestFinished(() => this.close());
    return this;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of incoming.setEncoding('utf8')) text += piece;
    const request = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: JSON.parse(text) as RequestBody,
      at: performance.now(),
      aborted: false,
    };
    response.on('close', () => {
      request.aborted = !response.writableFinished;
    });
    this.requests.push(request);
    const reply = this.#replies.length > 1 ? this.#replies.shift() : this.#replies[0];
    await reply?.(response, request);
  }
}

export async function startFakeModel(...replies: Reply[]): Promise<FakeModel> {
  const model = await new FakeModel().start();
  model.reply(...replies);
  return model;
}

/** A refusal with a status; a text is sent as it is. */
export function status(code: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Takes the request and says nothing, ever. */
export const silence: Reply = () => undefined;
