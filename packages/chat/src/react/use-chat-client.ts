import { useCallback, useSyncExternalStore } from 'react';
import type { ChatClient, ConnectionState } from '../client/index.ts';

/** The client's connection state, for instance for a status pill. */
export function useChatClient(client: ChatClient): ConnectionState {
  const subscribe = useCallback((onChange: () => void) => client.on('connection', onChange), [client]);
  const read = useCallback(() => client.connection, [client]);
  return useSyncExternalStore(subscribe, read, read);
}
