import type { Quote } from '../docs/index.ts';
import { searchDocs } from '../docs/tool.ts';
import { paragraphs } from '../text/markdown.ts';
import { explain, settled, type Topic } from '../topic.ts';

export const howTo: Topic = {
  name: 'how-to',
  title: 'The docs',
  about: 'how something is done and what a word means, from the docs of this project',
  examples: [
    'How do I add a topic to the guide?',
    'how to run the tests',
    'what is a fence?',
    'what does degraded mean?',
    'how can I use my own Redis?',
    'explain the log',
    'why does the answer survive a restart?',
    'how does a message travel?',
    'where is the data kept?',
    'documentation about close codes',
    'How do I change the memory limit?',
    'what happens when Redis dies?',
    'what is the difference between a thread and a run',
    'how should I set maxmemory',
  ],
  cues: [
    ['how do i', 8],
    ['how do we', 8],
    ['how do you', 6],
    ['how can i', 8],
    ['how can we', 8],
    ['how could i', 8],
    ['how should i', 8],
    ['how would i', 8],
    ['how to', 8],
    ['how does', 4.5],
    ['how do', 3],
    ['how is', 0],
    ['what is a', 6],
    ['what is an', 6],
    ['what are', 1],
    ['^what is redis$', 6],
    ['^what is taproot$', 6],
    ['what does', 3],
    ['mean', 5],
    ['meaning', 4],
    ['definition', 4],
    ['difference between', 8],
    ['explain', 6],
    ['describe', 5],
    ['why', 4.5],
    ['where is', 3],
    ['where do i', 8],
    ['where can i', 8],
    ['what happen', 8],
    ['what if', 5],
    ['documentation', 8],
    ['doc', 6],
    ['readme', 8],
    ['manual', 5],
    ['protocol', 3],
    ['tutorial', 5],
    ['example', 3],
    ['set up', 2],
    ['install', 3],
    ['configure', 3],
  ],
  wholeClause: true,
  async answer(ask) {
    const tool = searchDocs(ask.text);
    const outcome = await ask.use(tool);
    if (!settled(outcome)) return explain(tool, outcome);
    return outcome.quotes.length > 0 || outcome.more.length > 0
      ? quote(outcome)
      : 'The docs of this project have **nothing on that**. Other words may find it; they cover the manager, the chat protocol, the studio and this guide.';
  },
};

/** The best sections, each with its source. */
export function quote({
  quotes,
  more,
}: {
  readonly quotes: readonly Quote[];
  readonly more: readonly string[];
}): string {
  return paragraphs(
    ...quotes.map(({ heading, source, excerpt }) =>
      paragraphs(
        `**${heading}** (\`${source}\`)`,
        excerpt
          .split('\n')
          .map((line) => `> ${line}`.trimEnd())
          .join('\n'),
      ),
    ),
    more.length > 0 && `See also ${more.map((source) => `\`${source}\``).join(', ')}.`,
  );
}
