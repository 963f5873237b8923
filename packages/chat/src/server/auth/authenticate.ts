import type { IncomingMessage } from 'node:http';
import type { Session, Sessions } from './sessions.ts';

/** Name of the cookie that holds the session's token. */
export const SESSION_COOKIE = 'taproot_session';

/** How a request said who it is: a cookie is sent by any page's request, so it counts only with a known Origin. */
export type Credential =
  | { readonly kind: 'bearer' | 'cookie'; readonly token: string }
  | { readonly kind: 'ticket'; readonly ticket: string };

/** The credential of a request: Bearer, then `?ticket=`, then the cookie. */
export function credentialOf(request: IncomingMessage, url: URL): Credential | undefined {
  const [, bearer] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (bearer !== undefined) return { kind: 'bearer', token: bearer };
  const ticket = url.searchParams.get('ticket');
  if (ticket !== null) return { kind: 'ticket', ticket };
  const token = cookieValue(request.headers.cookie, SESSION_COOKIE);
  return token === undefined ? undefined : { kind: 'cookie', token };
}

export async function authenticate(
  sessions: Sessions,
  credential: Credential | undefined,
): Promise<Session | undefined> {
  if (credential === undefined) return undefined;
  return credential.kind === 'ticket'
    ? sessions.redeemTicket(credential.ticket)
    : sessions.find(credential.token);
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
