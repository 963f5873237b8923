import type { ServerResponse } from 'node:http';
import type { Reply } from './fake-model.ts';

/** A content block of the Anthropic messages stream: how it starts, and its deltas. */
export interface Block {
  readonly start: Readonly<Record<string, unknown>>;
  readonly deltas: readonly Readonly<Record<string, unknown>>[];
}

function event(
  response: ServerResponse,
  value: { readonly type: string; readonly [field: string]: unknown },
): void {
  response.write(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`);
}

export function thinking(text: string, signature: string): Block {
  return {
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [
      { type: 'thinking_delta', thinking: text },
      { type: 'signature_delta', signature },
    ],
  };
}

export function text(...words: string[]): Block {
  return {
    start: { type: 'text', text: '' },
    deltas: words.map((word) => ({ type: 'text_delta', text: word })),
  };
}

export function toolUse(id: string, name: string, ...json: string[]): Block {
  return {
    start: { type: 'tool_use', id, name, input: {} },
    deltas: json.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
  };
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  event(response, {
    type: 'message_start',
    message: {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'fake-1', content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 11, output_tokens: 1 } },
    },
  });
}

function send(response: ServerResponse, blocks: readonly Block[]): void {
  for (const [index, { start, deltas }] of blocks.entries()) {
    event(response, { type: 'content_block_start', index, content_block: start });
    for (const delta of deltas) event(response, { type: 'content_block_delta', index, delta });
    event(response, { type: 'content_block_stop', index });
  }
}

/** A whole message. */
export function message(stopReason: 'end_turn' | 'tool_use', ...blocks: Block[]): Reply {
  return (response) => {
    begin(response);
    event(response, { type: 'ping' });
    send(response, blocks);
    const delta = { stop_reason: stopReason, stop_sequence: null };
    event(response, { type: 'message_delta', delta, usage: { output_tokens: 7 } });
    event(response, { type: 'message_stop' });
    response.end();
  };
}

/** Says something, and then that it is overloaded. */
export function overloadedAfter(...blocks: Block[]): Reply {
  return (response) => {
    begin(response);
    send(response, blocks);
    event(response, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    response.end();
  };
}

/** Says something and ends without a stop. */
export function endsAfter(...blocks: Block[]): Reply {
  return (response) => {
    begin(response);
    send(response, blocks);
    response.end();
  };
}
