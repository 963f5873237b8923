import { AbortError, ErrorReply } from 'redis';
import { type RedisErrorCode, RedisManagerError, type RedisRole } from '../errors.ts';

interface Meaning {
  readonly code: RedisErrorCode;
  readonly retryable: boolean;
}

/** First words of Redis' error replies. All of them are sent instead of executing, so nothing was applied. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  LOADING: { code: 'loading', retryable: true },
  BUSY: { code: 'loading', retryable: true },
  READONLY: { code: 'readonly', retryable: true },
  MASTERDOWN: { code: 'readonly', retryable: true },
  NOREPLICAS: { code: 'readonly', retryable: true },
  CLUSTERDOWN: { code: 'clusterdown', retryable: true },
  TRYAGAIN: { code: 'clusterdown', retryable: true },
  MOVED: { code: 'moved', retryable: true },
  ASK: { code: 'moved', retryable: true },
  OOM: { code: 'oom', retryable: true },
  MISCONF: { code: 'misconf', retryable: true },
  NOAUTH: { code: 'noauth', retryable: false },
  WRONGPASS: { code: 'noauth', retryable: false },
  NOPERM: { code: 'noperm', retryable: false },
  WRONGTYPE: { code: 'wrongtype', retryable: false },
  CROSSSLOT: { code: 'crossslot', retryable: false },
  NOSCRIPT: { code: 'noscript', retryable: true },
};

/** What was known when a command failed. */
export interface FailureContext {
  readonly role: RedisRole;
  readonly node: string;
  /** Whether the command had been given to the socket. */
  readonly written: boolean;
}

/** Turns what the driver threw into a typed error that says whether the command was applied. */
export function toManagerError(error: unknown, context: FailureContext): RedisManagerError {
  if (error instanceof RedisManagerError) return error;
  const { role, node } = context;
  if (error instanceof ErrorReply) return fromReply(error, context);
  if (error instanceof AbortError || !context.written) {
    return new RedisManagerError(`The connection to ${node} was lost before the command was sent`, {
      code: 'connection-lost',
      retryable: true,
      applied: 'no',
      node,
      role,
      cause: error,
    });
  }
  return new RedisManagerError(`The connection to ${node} was lost before the reply came`, {
    code: 'connection-lost',
    retryable: false,
    applied: 'unknown',
    node,
    role,
    cause: error,
  });
}

function fromReply(error: ErrorReply, { role, node }: FailureContext): RedisManagerError {
  const text = error.message;
  const word = /^-?([A-Z]+)\b/.exec(text)?.[1] ?? '';
  if (text.includes('max number of clients')) {
    return new RedisManagerError('Redis has reached its maximum number of clients', {
      code: 'maxclients',
      retryable: true,
      applied: 'no',
      node,
      role,
    });
  }
  const meaning = MEANINGS[word] ?? { code: 'reply-error', retryable: false };
  // A script may have written before its failing command; only a refusal to start is a sure "no".
  const refused = word === 'NOSCRIPT' || word === 'BUSY' || text.startsWith('ERR Error compiling script');
  const inScript = /script|user_script/i.test(text) && !refused;
  const told = meaning.code === 'noauth' ? `Redis refuses the credentials (${word})` : redact(text);
  return new RedisManagerError(told, {
    code: meaning.code,
    retryable: meaning.retryable && !inScript,
    applied: inScript ? 'unknown' : 'no',
    node,
    role,
    // Not the driver's error itself: it can quote the command's arguments.
  });
}

/** Redis quotes arguments in some errors ("unknown command 'x', with args beginning with: …"). They stay out of ours. */
function redact(text: string): string {
  return text
    .replace(/, with args beginning with:.*$/s, '')
    .replace(/'[^']{41,}'/g, "'…'")
    .slice(0, 300);
}
