import { searchDocs } from './docs/index.ts';
import { paragraphs } from './text/markdown.ts';
import { type Ask, settled } from './topic.ts';
import { quote } from './topics/how-to.ts';
import { howToSwitchOn } from './topics/model.ts';

/** Added where one of several questions found no topic. */
export const PARTLY = 'There was more in your message than I understood. Ask “help” for what I can tell.';

/** Nothing was recognised: perhaps the docs have it; if not, what the guide cannot do and who could. */
export async function answerUnknown(ask: Ask): Promise<string> {
  const outcome = await ask.use(searchDocs(ask.text, true));
  if (settled(outcome) && outcome.quotes.length > 0) {
    return paragraphs('I am not sure what you ask; **this is what the docs have** on it.', quote(outcome));
  }
  return paragraphs(
    '**I cannot answer that.** I am the built-in guide without a language model: I know this system and its docs, and nothing else.',
    howToSwitchOn(ask.modelAgent),
    `I can answer about ${titlesOf(ask)}. Ask “help” for an example of each.`,
  );
}

function titlesOf({ topics }: Ask): string {
  return topics
    .filter((topic) => topic.unlisted !== true)
    .map((topic) => topic.title.toLowerCase())
    .join(', ');
}
