import { boundedFetch } from '@taproot/chat/agents';
import type { LanguageModel } from 'ai';
import type { ModelSettings } from './settings.ts';

/** The model that the settings name. Only its own provider is loaded. */
export async function languageModel(settings: ModelSettings): Promise<LanguageModel> {
  const { provider, baseUrl, name, apiKey } = settings;
  const common = { baseURL: baseUrl, fetch: boundedFetch(), ...(apiKey !== undefined && { apiKey }) };
  if (provider === 'anthropic') {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return createAnthropic(common)(name);
  }
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  return createOpenAICompatible({ ...common, name: 'model', includeUsage: true })(name);
}
