import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect } from 'vitest';

export interface Call {
  /** @default 'GET' */
  readonly method?: string;
  readonly token?: string;
  /** Any, also `host`; what a browser or `fetch` would not let through. `undefined` takes a default away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  json(): Record<string, unknown>;
}

/** One request over a connection of its own. Its content type is JSON unless the call says otherwise. */
export async function call(url: string, path: string, options: Call = {}): Promise<Answer> {
  const { method = 'GET', token, headers = {}, body } = options;
  const { hostname, port } = new URL(url);
  const all = {
    ...(method !== 'GET' && { 'content-type': 'application/json' }),
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...headers,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const sent = request({ hostname, port, path, method, headers: Object.fromEntries(given), agent: false });
  // A server may answer and close before it has read all of a body that is too large.
  sent.on('error', () => undefined);
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text,
    json: () => JSON.parse(text) as Record<string, unknown>,
  };
}

/** An error as §3.1 wants it. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(`"code":"${code}"`)]);
  expect(answer.headers).toMatchObject({
    'content-type': expect.stringMatching(/^application\/problem\+json/),
    'cache-control': 'no-store',
  });
  expect(answer.json()).toMatchObject({
    type: 'about:blank',
    title: expect.any(String),
    status,
    code,
    detail: expect.any(String),
  });
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
}
