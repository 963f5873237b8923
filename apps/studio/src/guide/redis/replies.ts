import { GuideError } from '../errors.ts';
import type { RedisReader } from './reader.ts';

/** Sections of INFO as one flat record. Unknown or missing fields are simply absent. */
export type Info = Readonly<Record<string, string>>;

/** Reads sections of INFO, one call each, because servers before 7 take only one section a call. */
export async function readInfo(redis: RedisReader, ...sections: string[]): Promise<Info> {
  const replies = await Promise.all(sections.map((section) => redis.call(['INFO', section])));
  const pairs = replies
    .flatMap((reply) => text(reply).split('\r\n'))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    });
  return Object.fromEntries(pairs);
}

/** A figure of INFO; `undefined` where this server does not tell it. */
export function figure(info: Info, name: string): number | undefined {
  const value = Number(info[name] || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** `a=1,b=2` as INFO writes it inside a field. */
export function fields(line: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    line.split(',').map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** Settings by CONFIG GET; empty where the operator of the server does not allow it, as hosted ones do. */
export async function readConfig(redis: RedisReader, ...names: string[]): Promise<Info> {
  const replies = await Promise.all(names.map((name) => attempt(() => redis.call(['CONFIG', 'GET', name]))));
  return Object.assign({}, ...replies.map(record));
}

/** The result, or `undefined` where the server refuses this command; a lost connection is not a refusal. */
export async function attempt<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return code === 'reply-error' || code === 'noperm';
}

export function text(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  if (Buffer.isBuffer(reply)) return reply.toString();
  throw new GuideError('unexpected-reply', `Expected text from Redis, got ${kindOf(reply)}`);
}

export function number(reply: unknown): number {
  const value = typeof reply === 'number' || typeof reply === 'bigint' ? Number(reply) : Number(text(reply));
  if (Number.isFinite(value)) return value;
  throw new GuideError('unexpected-reply', `Expected a number from Redis, got ${kindOf(reply)}`);
}

export function list(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw new GuideError('unexpected-reply', `Expected a list from Redis, got ${kindOf(reply)}`);
}

/** A map of strings, as RESP3 gives it (object or Map) or as RESP2 does (a flat list). */
function record(reply: unknown): Info {
  if (reply instanceof Map)
    return Object.fromEntries([...reply].map(([name, value]) => [text(name), String(value)]));
  if (Array.isArray(reply)) {
    return Object.fromEntries(
      reply.flatMap((name, index) => (index % 2 === 0 ? [[text(name), String(reply[index + 1])]] : [])),
    );
  }
  return typeof reply === 'object' && reply !== null
    ? Object.fromEntries(Object.entries(reply).map(([name, value]) => [name, String(value)]))
    : {};
}

function kindOf(reply: unknown): string {
  return Array.isArray(reply) ? 'a list' : reply === null ? 'nothing' : typeof reply;
}
