import { performance } from 'node:perf_hooks';
import { fullJitter, pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { RedisManager } from '../manager.ts';
import type { Script } from '../script.ts';

type ScriptInput = Parameters<RedisManager['script']>[1];

/** How long a script may take in all its attempts. */
export interface RepeatOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly buffers?: boolean;
}

const [PAUSE_MIN_MS, PAUSE_MAX_MS] = [5, 200];

/**
 * Runs a script that does the same whether it runs once or twice, and sends it again when its reply was lost. Rejects with
 * the last failure; `applied` is `unknown` if any attempt's was.
 */
export async function repeatScript(
  manager: RedisManager,
  script: Script,
  input: ScriptInput,
  { deadlineMs, signal, buffers = false }: RepeatOptions,
): Promise<unknown> {
  const endsAt = performance.now() + deadlineMs;
  let uncertain = false;
  for (let tries = 0; ; tries++) {
    try {
      return await manager.script(script, input, {
        profile: 'worker',
        deadlineMs: Math.max(1, endsAt - performance.now()),
        buffers,
        ...(signal && { signal }),
      });
    } catch (error) {
      if (!(error instanceof RedisManagerError)) throw error;
      // What was certainly not applied, the manager sends again by itself.
      if (error.code !== 'connection-lost' || performance.now() >= endsAt) throw told(error, uncertain);
      uncertain ||= error.applied !== 'no';
      await pause(fullJitter(tries, PAUSE_MIN_MS, PAUSE_MAX_MS), signal);
    }
  }
}

/** An earlier attempt may have been applied, although the last was not. */
function told(error: RedisManagerError, uncertain: boolean): RedisManagerError {
  if (!uncertain || error.applied !== 'no') return error;
  const { code, retryable, node, role } = error;
  const details = { code, retryable, applied: 'unknown', node, role, cause: error } as const;
  return new RedisManagerError(error.message, details);
}
