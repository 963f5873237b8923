import type { ServerResponse } from 'node:http';
import type { Reply } from './fake-model.ts';

/** A `delta` of the OpenAI chat completions stream. */
export interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly {
    readonly index: number;
    readonly id?: string;
    readonly type?: 'function';
    readonly function?: { readonly name?: string; readonly arguments?: string };
  }[];
}

export const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  completion_tokens_details: { reasoning_tokens: 3 },
  prompt_tokens_details: { cached_tokens: 2 },
};

export function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
}

export function delta(response: ServerResponse, change: Delta, finish_reason: string | null = null): void {
  const choices = [{ index: 0, delta: change, finish_reason }];
  data(response, { id: 'c-1', object: 'chat.completion.chunk', created: 1, model: 'fake-1', choices });
}

export function data(response: ServerResponse, value: unknown): void {
  response.write(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`);
}

export function finish(response: ServerResponse, reason: string): void {
  delta(response, {}, reason);
  data(response, {
    id: 'c-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'fake-1',
    choices: [],
    usage: USAGE,
  });
  data(response, '[DONE]');
  response.end();
}

/** A whole answer. */
export function answer(deltas: readonly Delta[], reason: string = 'stop'): Reply {
  return (response) => {
    begin(response);
    for (const change of deltas) delta(response, change);
    finish(response, reason);
  };
}

export function says(...words: string[]): Reply {
  return answer(words.map((content) => ({ content })));
}

export interface WantedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** Asks for calls, the usual way: first the name, then the arguments. */
export function calls(...wanted: WantedCall[]): Reply {
  return answer(
    wanted.flatMap((call, index): Delta[] => [
      {
        tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }],
      },
      { tool_calls: [{ index, function: { arguments: call.arguments } }] },
    ]),
    'tool_calls',
  );
}

/** Says something, and then the connection is cut. */
export function cutAfter(...words: string[]): Reply {
  return async (response) => {
    begin(response);
    for (const content of words) delta(response, { content });
    await new Promise((resolve) => response.write('data: {"id":"c-1","choi', resolve));
    response.destroy();
  };
}
