import type { ConnectionState } from '@taproot/chat/client';
import type { PillState } from './describe.ts';

/**
 * One word for all that the client knows of socket, Redis and sign-in. `refused`: signing in cannot work; `waiting`: it will
 * be tried again.
 */
export function pillState(connection: ConnectionState, refused: boolean, waiting: boolean): PillState {
  if (refused) return 'signed-out';
  // Signing in happens by itself; it is part of connecting.
  if (connection.signIn) return waiting ? 'reconnecting' : 'connecting';
  switch (connection.socket) {
    case 'open':
      if (connection.redis === 'down') return 'redis-away';
      return connection.redis === 'degraded' ? 'redis-degraded' : 'ready';
    case 'closed':
      return 'closed';
    default:
      if (connection.redis === 'down') return 'redis-away';
      // The first attempt of a page is not a reconnection.
      return connection.socket === 'connecting' && connection.epoch === undefined
        ? 'connecting'
        : 'reconnecting';
  }
}

/** Why a running answer does not move; undefined while it can. */
export function pauseReason(state: PillState): string | undefined {
  switch (state) {
    case 'ready':
    case 'redis-degraded':
      return undefined;
    case 'redis-away':
      return 'Redis is away';
    default:
      return 'no connection';
  }
}
