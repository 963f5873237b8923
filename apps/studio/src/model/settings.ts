import { type ModelLimits, resolveModelLimits } from '@taproot/chat/agents';
import { ChatError } from '@taproot/chat/server';
import { EnvironmentError } from '../environment-error.ts';
import { numberPairs } from '../number-pairs.ts';

/** Which model answers, and how it is reached (docs/model-agent.md). */
export interface ModelSettings {
  readonly provider: 'openai-compatible' | 'anthropic';
  readonly baseUrl: string;
  readonly name: string;
  /** Local servers want none. */
  readonly apiKey: string | undefined;
  readonly limits: ModelLimits;
}

type Get = (name: string) => string | undefined;

/** Ollama is an OpenAI-compatible server at an address of its own. */
const PROVIDERS = {
  'openai-compatible': { speaks: 'openai-compatible', baseUrl: undefined },
  anthropic: { speaks: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' },
  ollama: { speaks: 'openai-compatible', baseUrl: 'http://127.0.0.1:11434/v1' },
} as const;

/** Reads and checks the settings of the agent `model`. Throws {@link EnvironmentError}, whose message quotes no key. */
export function readModelSettings(get: Get): ModelSettings {
  const chosen = get('MODEL_PROVIDER') ?? 'openai-compatible';
  if (!isProvider(chosen)) {
    const known = Object.keys(PROVIDERS).join(' or ');
    throw new EnvironmentError(`MODEL_PROVIDER must be ${known}, not ${JSON.stringify(chosen)}`);
  }
  const provider = PROVIDERS[chosen];
  const name = get('MODEL_NAME');
  if (name === undefined)
    throw new EnvironmentError('TAPROOT_AGENT=model needs MODEL_NAME, the name of the model at its provider');
  const baseUrl = get('MODEL_BASE_URL') ?? provider.baseUrl;
  if (baseUrl === undefined) {
    throw new EnvironmentError(
      'TAPROOT_AGENT=model needs MODEL_BASE_URL, such as https://api.openai.com/v1, or MODEL_PROVIDER=anthropic or ollama',
    );
  }
  const apiKey = key(get('MODEL_API_KEY'));
  if (chosen === 'anthropic' && apiKey === undefined)
    throw new EnvironmentError('MODEL_PROVIDER=anthropic needs MODEL_API_KEY');
  return {
    provider: provider.speaks,
    baseUrl: address(baseUrl),
    name,
    apiKey,
    limits: limits(get('MODEL_LIMITS')),
  };
}

function isProvider(name: string): name is keyof typeof PROVIDERS {
  return Object.hasOwn(PROVIDERS, name);
}

/** Not quoted when it cannot be used: it may hold a password. */
function address(text: string): string {
  try {
    const url = new URL(text);
    const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
    if (['http:', 'https:'].includes(url.protocol) && plain) return url.href.replace(/\/+$/, '');
  } catch {
    // Told below, together with what parses and is no such address.
  }
  throw new EnvironmentError(
    'MODEL_BASE_URL must be an address such as https://api.openai.com/v1, without a user, a query or a fragment; ' +
      'the key belongs into MODEL_API_KEY',
  );
}

/** It travels in a header. */
function key(text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21-\x7e]+$/.test(text)) return text;
  throw new EnvironmentError('MODEL_API_KEY must consist of printable ASCII characters without spaces');
}

function limits(text: string | undefined): ModelLimits {
  try {
    return resolveModelLimits(numberPairs(text));
  } catch (error) {
    if (error instanceof ChatError) throw new EnvironmentError(`MODEL_LIMITS: ${error.message}`);
    throw error;
  }
}
