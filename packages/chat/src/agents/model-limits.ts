import { ChatError } from '../server/index.ts';

/** Bounds of a {@link modelAgent}. */
export interface ModelLimits {
  /** Model calls of one run; in the last one the model may not ask for tools. At least 1. */
  readonly maxSteps: number;
  /** Tool calls that one model call may ask for; more are refused. */
  readonly maxCalls: number;
  /** Tokens that one model call may answer with; 0: as many as the provider allows. */
  readonly maxOutputTokens: number;
  /** Bytes of text, reasoning and tool inputs of one model call; what is longer is cut off there. */
  readonly maxAnswerBytes: number;
  /** Bytes of JSON of the messages that a model is given; older ones are left out. About four bytes make a token. */
  readonly maxPromptBytes: number;
  /** Bytes of JSON of one tool's result that a model is given; the rest is cut off. */
  readonly maxResultBytes: number;
  /** How long the provider may take for its first sign of an answer, in ms. */
  readonly firstByteMs: number;
  /** How long it may be silent in the middle of it, in ms. */
  readonly silenceMs: number;
  /** How long one model call may take in all, in ms; the time in which Redis keeps us waiting does not count. */
  readonly answerMs: number;
  /** Attempts after the first one that failed. */
  readonly maxRetries: number;
  /** The longest `Retry-After` that is waited for, in ms; a longer one is a failure. */
  readonly maxRetryAfterMs: number;
}

export const DEFAULT_MODEL_LIMITS: ModelLimits = {
  maxSteps: 8,
  maxCalls: 16,
  maxOutputTokens: 0,
  maxAnswerBytes: 1024 * 1024,
  maxPromptBytes: 128 * 1024,
  maxResultBytes: 16 * 1024,
  firstByteMs: 120_000,
  silenceMs: 60_000,
  answerMs: 480_000,
  maxRetries: 4,
  maxRetryAfterMs: 60_000,
};

/** May be 0; the others are at least 1. */
const ZERO = new Set<string>(['maxCalls', 'maxOutputTokens', 'maxRetries', 'maxRetryAfterMs']);

/** Fills in the defaults. Throws `invalid-options`. */
export function resolveModelLimits(given: Partial<ModelLimits> = {}): ModelLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_MODEL_LIMITS, name)) {
      const names = Object.keys(DEFAULT_MODEL_LIMITS).join(', ');
      throw new ChatError('invalid-options', `There is no limit ${JSON.stringify(name)}; there are ${names}`);
    }
    const min = ZERO.has(name) ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < min)
      throw new ChatError('invalid-options', `The limit ${name} must be a whole number from ${min} on`);
  }
  return { ...DEFAULT_MODEL_LIMITS, ...given };
}
