import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import { ask, type Endpoint } from '../topology/index.ts';
import { type LoanParts, nameOf, RECONNECT_MAX_MS } from './context.ts';

/**
 * Resolves when a node serves commands, which node-redis itself does not ask: it would give a library the errors of a server
 * that is still loading its data. Rejects if a master is wanted and this is none, and what the connection rejects with.
 */
export async function untilServing(
  parts: LoanParts,
  { node, client, master }: Endpoint,
  signal: AbortSignal,
): Promise<void> {
  const { connectTimeoutMs: timeoutMs } = parts.context;
  const question = { client: { ...client, name: nameOf(parts) }, questions: QUESTIONS, timeoutMs };
  for (;;) {
    const [info, role] = await ask({ ...question, signal }).catch(allowed);
    if (master && Array.isArray(role) && role[0] !== 'master') throw demoted(node);
    if (signal.aborted || !/^loading:1/m.test(String(info))) return;
    await pause(RECONNECT_MAX_MS, signal);
  }
}

const QUESTIONS = [['INFO', 'persistence'], ['ROLE']];

/** A user who may not ask is not kept waiting. */
function allowed(error: unknown): [] {
  if (error instanceof Error && error.message.startsWith('NOPERM')) return [];
  throw error;
}

function demoted(node: string): RedisManagerError {
  return new RedisManagerError(`Redis at ${node} is a replica; a failover is under way`, {
    code: 'readonly',
    retryable: true,
    applied: 'no',
    node,
  });
}
