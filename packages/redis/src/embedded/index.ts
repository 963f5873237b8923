// placeholder until the embedded helper's file lands
export interface EmbeddedServer { readonly socketPath: string; readonly dataDir: string; ensure(signal?: AbortSignal): Promise<'started' | 'running'>; close(): Promise<void> }
export function createEmbeddedServer(_o: { dataDir: string; serverBin?: string; maxMemoryBytes?: number }): EmbeddedServer { throw new TypeError('not yet'); }
