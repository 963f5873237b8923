import { type InspectProgress, type InspectReport, inspect } from '../inspect/index.ts';
import type { InspectCommand } from './arguments.ts';
import { InspectedDeployment } from './deployment.ts';
import { loadKeyspaces } from './keyspaces.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: InspectProgress) => void;
}

/** Connects, inspects and disconnects. Rejects with a `RedisManagerError` if it could not. */
export async function runInspect(
  command: InspectCommand,
  { signal, onProgress }: RunOptions,
): Promise<InspectReport> {
  const keyspaces = await loadKeyspaces(command.keyspaces);
  const deployment = await InspectedDeployment.open(command.target, signal);
  try {
    return await inspect(deployment, {
      keyspaces,
      maxSamples: command.samples,
      maxMs: command.seconds * 1000,
      top: command.top,
      showNames: command.showNames,
      onProgress,
      signal,
    });
  } finally {
    await deployment.close();
  }
}
