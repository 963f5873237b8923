import type { ConnectionState } from './types.ts';

export function firstState(): ConnectionState {
  return { socket: 'connecting', redis: 'unknown', since: Date.now(), signIn: false };
}

/** Changed fields; `undefined` takes an optional one away. */
export type StateChange = { readonly [K in keyof ConnectionState]?: ConnectionState[K] | undefined };

/** The next state, or the same object if nothing changed, so that it can be compared by identity. */
export function nextState(state: ConnectionState, change: StateChange): ConnectionState {
  const entries = Object.entries(change) as [keyof ConnectionState, unknown][];
  if (entries.every(([key, value]) => same(state[key], value))) return state;
  const next = Object.fromEntries(
    Object.entries({ ...state, ...change }).filter(([, value]) => value !== undefined),
  );
  const moved = next.socket !== state.socket || next.redis !== state.redis;
  return { ...(next as unknown as ConnectionState), since: moved ? Date.now() : state.since };
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));
}
