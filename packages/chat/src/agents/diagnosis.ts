import {
  AISDKError,
  APICallError,
  InvalidPromptError,
  StreamProviderError,
  UnsupportedFunctionalityError,
} from 'ai';
import type { ModelProblem } from '../protocol/index.ts';
import { ModelFailure } from '../server/index.ts';

/** What went wrong with a model call. */
export interface Diagnosis {
  readonly problem: ModelProblem;
  /** Another attempt may succeed. */
  readonly passing: boolean;
  /** When, as the provider says. */
  readonly retryAfterMs?: number;
  /** The provider's words, for the operator. */
  readonly detail: string;
}

const SAYS = {
  'rate-limited': 'The provider of the model limits how often it is asked',
  unavailable: 'The provider of the model is out of order',
  unreachable: 'The provider of the model cannot be reached',
  timeout: 'The model took too long',
  interrupted: 'The answer of the model was cut off',
  garbled: 'The answer of the model could not be understood',
  unauthorized: 'The provider of the model does not accept our key',
  refused: 'The provider of the model does not accept the request',
} as const satisfies Record<ModelProblem['code'], string>;

const MAX_DETAIL_CHARS = 500;

/** What a failure means. The provider's own words go into `detail` alone, bounded and without the secrets. */
export function diagnose(error: unknown, secrets: readonly string[]): Diagnosis {
  const own = causes(error).find((cause) => cause instanceof ModelFailure);
  const { code, status } = own === undefined ? kindOf(error) : { code: own.code, status: undefined };
  const message = status === undefined ? SAYS[code] : `${SAYS[code]} (HTTP ${status})`;
  const retryAfterMs = APICallError.isInstance(error) ? retryAfter(error.responseHeaders ?? {}) : undefined;
  return {
    problem: { code, message: own?.message ?? message, ...(status !== undefined && { status }) },
    // What is found to be too large is too large the next time as well.
    passing: code !== 'unauthorized' && code !== 'refused' && (own === undefined || code !== 'garbled'),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    detail: own?.detail ?? wordsOf(error, secrets),
  };
}

interface Kind {
  readonly code: ModelProblem['code'];
  readonly status: number | undefined;
}

function kindOf(error: unknown): Kind {
  const status = statusOf(error);
  if (status !== undefined) return { code: ofStatus(status), status };
  if (StreamProviderError.isInstance(error))
    return { code: ofType(String(error.type ?? error.code)), status };
  if (APICallError.isInstance(error))
    return { code: error.statusCode === undefined ? 'unreachable' : 'interrupted', status };
  if (InvalidPromptError.isInstance(error) || UnsupportedFunctionalityError.isInstance(error))
    return { code: 'refused', status };
  const garbled = AISDKError.isInstance(error) && /JSONParse|TypeValidation/.test(error.name);
  return { code: garbled || !(error instanceof Error) ? 'garbled' : 'interrupted', status };
}

function statusOf(error: unknown): number | undefined {
  const known = APICallError.isInstance(error) || StreamProviderError.isInstance(error);
  return known && error.statusCode !== undefined && error.statusCode >= 300 ? error.statusCode : undefined;
}

function ofStatus(status: number): ModelProblem['code'] {
  if (status === 429) return 'rate-limited';
  if (status === 401 || status === 403) return 'unauthorized';
  return status === 408 || status === 409 || status >= 500 ? 'unavailable' : 'refused';
}

/** Errors in the middle of a stream have names instead of a status. */
function ofType(type: string): ModelProblem['code'] {
  if (/rate.?limit/.test(type)) return 'rate-limited';
  if (/auth|permission/.test(type)) return 'unauthorized';
  return /invalid|not_found|too_large/.test(type) ? 'refused' : 'unavailable';
}

/** In ms: `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110 §10.2.3). */
function retryAfter(headers: Readonly<Record<string, string>>): number | undefined {
  const exact = headers['retry-after-ms'];
  if (exact !== undefined && /^\d+(\.\d+)?$/.test(exact)) return Math.ceil(Number(exact));
  const given = headers['retry-after'];
  if (given === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(given)) return Math.ceil(Number(given) * 1000);
  const at = Date.parse(given);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function wordsOf(error: unknown, secrets: readonly string[]): string {
  const words = causes(error).map((cause) => (cause instanceof Error ? cause.message : 'no error at all'));
  let text = words.join(': ');
  for (const secret of secrets) if (secret !== '') text = text.replaceAll(secret, '[secret]');
  // Providers quote keys in part; those of others are none of our business either.
  return text.replace(/\b(sk|pk|key|Bearer)[-_ ][\w*.-]{6,}/g, '$1-[secret]').slice(0, MAX_DETAIL_CHARS);
}

/** The error and its causes. */
function causes(error: unknown, depth: number = 0): unknown[] {
  const cause = error instanceof Error && depth < 4 ? error.cause : undefined;
  return cause === undefined || cause === null ? [error] : [error, ...causes(cause, depth + 1)];
}
