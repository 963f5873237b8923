import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { ChatMessage, MessagePart } from '../../protocol/index.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Shorter ones do not get smaller. */
const MIN_DEFLATED_BYTES = 512;

/** A user's message as SEND keeps it: when it was stored, and what. */
export interface Question {
  readonly at: number;
  readonly parts: readonly MessagePart[];
}

/** An ended run, folded. */
export interface AnswerSnapshot {
  /** The message that it answers. */
  readonly of: string;
  /** When it was asked for. */
  readonly at: number;
  /** Absent if its events made none. */
  readonly message?: ChatMessage;
}

/** Field of a user's message in the hash of snapshots. */
export function questionField(message: string): string {
  return `q ${message}`;
}

/** `at`, a space, and the JSON of the message. */
export function decodeQuestion(value: string): Question {
  const space = value.indexOf(' ');
  const { parts } = JSON.parse(value.slice(space + 1)) as Pick<Question, 'parts'>;
  return { at: Number(value.slice(0, space)), parts };
}

/** `of`, `at` and the message, as JSON or, after a `z`, deflated and in base64, with spaces between. */
export async function encodeAnswer({ of, at, message }: AnswerSnapshot): Promise<string> {
  const start = `${of} ${at} `;
  if (message === undefined) return start;
  const json = JSON.stringify(message);
  if (json.length < MIN_DEFLATED_BYTES) return start + json;
  return `${start}z${(await deflate(json)).toString('base64')}`;
}

/** Also tells the length of the message's JSON. */
export async function decodeAnswer(value: string): Promise<AnswerSnapshot & { readonly bytes: number }> {
  const [of = '', at = ''] = value.split(' ', 2);
  const rest = value.slice(of.length + at.length + 2);
  const json = rest.startsWith('z')
    ? (await inflate(Buffer.from(rest.slice(1), 'base64'))).toString('utf8')
    : rest;
  const known = { of, at: Number(at), bytes: json.length };
  return json === '' ? known : { ...known, message: JSON.parse(json) as ChatMessage };
}
