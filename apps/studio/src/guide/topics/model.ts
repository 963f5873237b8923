import { paragraphs, table } from '../text/markdown.ts';
import type { ModelAgent, Topic } from '../topic.ts';

export const model: Topic = {
  name: 'model',
  title: 'A language model',
  about: 'how to switch on a language model for everything else',
  examples: [
    'How do I switch on a model?',
    'can you use GPT?',
    'which LLM are you?',
    'are you an AI?',
    'use claude',
    'connect ollama',
    'how to set the model api key',
    'what language model do you use?',
    'openai',
    'are you chatgpt',
  ],
  cues: [
    ['model', 4],
    ['how do i switch on a model', 8],
    ['switch on a model', 4],
    ['set model', 5],
    ['model api key', 5],
    ['api key', 4],
    ['llm', 4],
    ['gpt', 4],
    ['chatgpt', 4],
    ['claude', 4],
    ['openai', 4],
    ['anthropic', 4],
    ['ollama', 4],
    ['gemini', 4],
    ['mistral', 4],
    ['language model', 2],
    ['an ai', 3],
    ['are you a bot', 4],
    ['are you a robot', 4],
    ['artificial intelligence', 4],
    ['how do i', 5],
    ['how can i', 5],
    ['how to', 5],
    ['what is a', 2],
  ],
  wholeClause: true,
  async answer({ modelAgent }) {
    return paragraphs(
      'I am the built-in guide, and there is **no language model** behind me: I recognise questions and run tools.',
      howToSwitchOn(modelAgent),
    );
  },
};

/** How a model answers instead of the guide. */
export function howToSwitchOn(modelAgent: ModelAgent): string {
  return paragraphs(
    modelAgent === 'available'
      ? 'To have a model answer instead, start the server with these variables:'
      : 'The agent `model`, any provider with an OpenAI-compatible address, **comes with a later release**. It will be switched on by these variables:',
    table(
      ['Variable', 'Value'],
      [
        ['`TAPROOT_AGENT`', '`model`'],
        ['`MODEL_PROVIDER`', '`openai-compatible`, `anthropic` or `ollama`'],
        ['`MODEL_BASE_URL`', 'address of the provider, if it is not the usual one'],
        ['`MODEL_NAME`', 'name of the model'],
        ['`MODEL_API_KEY`', 'your key, where the provider asks for one'],
      ],
    ),
  );
}
