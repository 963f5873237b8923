import { RedisManagerError } from '../errors.ts';

/** A reply that is text. Rejects other kinds with `protocol`. */
export function text(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  if (Buffer.isBuffer(reply)) return reply.toString();
  throw unexpected('text', reply);
}

export function number(reply: unknown): number {
  const value = typeof reply === 'number' || typeof reply === 'bigint' ? Number(reply) : Number(text(reply));
  if (Number.isFinite(value)) return value;
  throw unexpected('a number', reply);
}

export function list(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected('a list', reply);
}

/** A map of strings, as RESP3 gives it (object or Map) or as RESP2 does (a flat list). */
export function record(reply: unknown): Readonly<Record<string, string>> {
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

/** No permission, no such command, or a Cluster that serves no keys now. */
const REFUSALS: ReadonlySet<string> = new Set(['reply-error', 'noperm', 'clusterdown']);

/** Whether the server refused this command; a lost connection is no refusal. */
export function isRefusal(error: unknown): boolean {
  return error instanceof RedisManagerError && REFUSALS.has(error.code);
}

/** Whether it was the key that an ACL user may not touch, and not the command (Redis, "ACL", key permissions). */
export function isAboutKey(error: unknown): boolean {
  return error instanceof RedisManagerError && error.code === 'noperm' && /\bkeys?\b/i.test(error.message);
}

function unexpected(expected: string, reply: unknown): RedisManagerError {
  const got = Array.isArray(reply) ? 'a list' : reply === null ? 'nothing' : typeof reply;
  return new RedisManagerError(`Expected ${expected} from Redis, got ${got}`, {
    code: 'protocol',
    retryable: false,
    applied: 'no',
  });
}
