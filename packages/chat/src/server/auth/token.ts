import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNED: RegExp = /^([\w-]{65})\.([\w-]{43})$/;

/** Signs what Redis knows by its hash, so that whoever can write to Redis still cannot sign in. */
export function signedToken(secret: Uint8Array, record: string): string {
  return `${record}.${signature(secret, record)}`;
}

/** The signed part; undefined for what was not signed with this secret. Costs no question to Redis. */
export function recordOf(secret: Uint8Array, token: string): string | undefined {
  const [, record = '', given = ''] = SIGNED.exec(token) ?? [];
  if (record === '') return undefined;
  return timingSafeEqual(Buffer.from(given), Buffer.from(signature(secret, record))) ? record : undefined;
}

/** Looked up by its hash, so no comparison depends on how much of a ticket is right. */
export function ticketHash(secret: Uint8Array, ticket: string): string {
  return keyed(secret, `ticket:${ticket}`);
}

function signature(secret: Uint8Array, record: string): string {
  return keyed(secret, `session:${record}`);
}

function keyed(secret: Uint8Array, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}
