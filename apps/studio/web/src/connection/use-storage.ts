import type { ChatClient, StorageState } from '@taproot/chat/client';
import { useCallback, useSyncExternalStore } from 'react';

/** Whether what is sent now outlives the page. */
export function useStorage(client: ChatClient): StorageState {
  const subscribe = useCallback((changed: () => void) => client.on('storage', changed), [client]);
  return useSyncExternalStore(subscribe, () => client.storage);
}
