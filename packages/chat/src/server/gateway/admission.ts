import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE } from '../../protocol/index.ts';
import { authenticate, credentialOf } from '../auth/authenticate.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import { type Allowed, originAllowed } from '../http/origin.ts';
import type { Limiter } from '../limits/index.ts';
import { SUBPROTOCOL } from './subprotocol.ts';

export interface AdmissionOptions {
  readonly sessions: Sessions;
  readonly allowed: Allowed;
  readonly limiter: Limiter;
  /** Sockets that the gateway holds. */
  readonly size: () => number;
}

/** A socket that may be opened, or the close code that tells why not. */
export type Verdict =
  | { readonly admitted: true; readonly session: Session; readonly address: string | undefined }
  | { readonly admitted: false; readonly code: number; readonly reason: string };

/** Whether an upgrade becomes a socket: checks 4 to 9 of PROTOCOL.md §5.1, which are told by close codes. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Rejects while Redis cannot say whether the session holds. What is counted is given back when the connection ends. */
  async judge(request: IncomingMessage, url: URL, socket: Duplex): Promise<Verdict> {
    const { sessions, allowed, limiter, size } = this.#options;
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
    if (!offered.includes(SUBPROTOCOL)) return refused(CLOSE.policy, `subprotocol ${SUBPROTOCOL} expected`);
    if (!originAllowed(request.headers, allowed)) return refused(CLOSE.notAllowed, 'foreign origin');
    const address = limiter.addressOf(request);
    // Before the session is looked up: this is what holds strangers off Redis.
    if (limiter.request({ address }) > 0) return refused(CLOSE.tooMany, 'too many requests of this address');
    if (!counted(socket, limiter.openSocket('address', address)))
      return refused(CLOSE.tooMany, 'too many sockets of this address');
    const session = await authenticate(sessions, credentialOf(request, url));
    if (session === undefined) return refused(CLOSE.notSignedIn, 'not signed in');
    if (size() >= limiter.limits.maxSockets) {
      limiter.refuse('sockets');
      return refused(CLOSE.tryAgainLater, 'this gateway is full');
    }
    const user = session.user.id;
    if (limiter.request({ user }) > 0) return refused(CLOSE.tooMany, 'too many requests of this user');
    if (!counted(socket, limiter.openSocket('user', user)))
      return refused(CLOSE.tooMany, 'too many sockets of this user');
    return { admitted: true, session, address };
  }
}

function refused(code: number, reason: string): Verdict {
  return { admitted: false, code, reason };
}

function counted(socket: Duplex, leave: (() => void) | undefined): boolean {
  if (leave === undefined) return false;
  if (socket.closed) leave();
  else socket.once('close', leave);
  return true;
}
