import { expect, test } from 'vitest';
import { refusal } from './support/attempt.ts';

const MODEL = { TAPROOT_AGENT: 'model', MODEL_NAME: 'm' };
const KEY = 'sk-test-0123456789abcdef';

test.each([
  [{ TAPROOT_AGENT: 'oracle' }, 'TAPROOT_AGENT must be guide or model, not "oracle"'],
  [{ TAPROOT_AGENT: 'model' }, 'TAPROOT_AGENT=model needs MODEL_NAME'],
  [
    { TAPROOT_AGENT: 'model', TAPROOT_ROLE: 'worker', MODEL_NAME: ' ' },
    'TAPROOT_AGENT=model needs MODEL_NAME',
  ],
  [MODEL, 'TAPROOT_AGENT=model needs MODEL_BASE_URL'],
  [
    { ...MODEL, MODEL_PROVIDER: 'openai' },
    'MODEL_PROVIDER must be openai-compatible or anthropic or ollama, not "openai"',
  ],
  [{ ...MODEL, MODEL_PROVIDER: 'toString' }, 'MODEL_PROVIDER must be'],
  [{ ...MODEL, MODEL_PROVIDER: 'anthropic' }, 'MODEL_PROVIDER=anthropic needs MODEL_API_KEY'],
  [{ ...MODEL, MODEL_BASE_URL: 'api.example.com' }, 'MODEL_BASE_URL must be an address such as'],
  [
    { ...MODEL, MODEL_BASE_URL: `https://${KEY}@api.example.com/v1` },
    'MODEL_BASE_URL must be an address such as',
  ],
  [
    { ...MODEL, MODEL_BASE_URL: `https://api.example.com/v1?key=${KEY}` },
    'MODEL_BASE_URL must be an address such as',
  ],
  [
    { ...MODEL, MODEL_PROVIDER: 'ollama', MODEL_API_KEY: `${KEY} x` },
    'MODEL_API_KEY must consist of printable ASCII',
  ],
  [
    { ...MODEL, MODEL_PROVIDER: 'ollama', MODEL_LIMITS: 'maxStep=3' },
    'MODEL_LIMITS: There is no limit "maxStep"',
  ],
  [
    { ...MODEL, MODEL_PROVIDER: 'ollama', MODEL_LIMITS: 'maxSteps=0' },
    'MODEL_LIMITS: The limit maxSteps must be',
  ],
])('with %o the start is refused in one sentence, which quotes no key', async (settings, sentence) => {
  const said = await refusal(settings);
  expect(said.slice(0, sentence.length)).toBe(sentence);
  expect(said).not.toContain(KEY);
});
