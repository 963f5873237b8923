import { paragraphs } from '../text/markdown.ts';
import type { Topic } from '../topic.ts';

export const help: Topic = {
  name: 'help',
  title: 'What I can do',
  about: 'this list',
  examples: [
    'What can you do?',
    'help',
    'hello',
    'hi there',
    'who are you?',
    'what can I ask you?',
    'good morning',
    'hey',
    'which questions do you understand?',
    'commands you know',
  ],
  cues: [
    ['help', 3],
    ['hello', 3],
    ['hi', 3],
    ['hey', 3],
    ['greetings', 3],
    ['good morning', 3],
    ['good afternoon', 3],
    ['good evening', 3],
    ['good day', 3],
    ['who are you', 4],
    ['what are you', 4],
    ['what can you', 4],
    ['what do you do', 4],
    ['what can i ask', 5],
    ['what can i do', 3],
    ['you know', 2],
    ['command you know', 5],
    ['do you understand', 4],
    ['question', 2],
    ['what do you know', 4],
    ['your capabilities', 4],
  ],
  aside: true,
  unlisted: true,
  async answer({ topics, user }) {
    return paragraphs(
      'I am the **guide**: I answer questions about this very system with real figures, read at the moment you ask.',
      listOf(topics),
      !user.operator &&
        'Most of these show the system itself, and you are signed in **without the operator role**: I can tell you whether Redis is ready, list your own threads, and quote the docs.',
      'Ask in your own words, several things at once if you like. I only read, never change anything, and never show values.',
    );
  },
};

/** What can be asked, each with a question to start from. */
export function listOf(topics: readonly Topic[]): string {
  return topics
    .filter((topic) => topic.unlisted !== true)
    .map((topic) => `- **${topic.title}**: ${topic.about}. *“${topic.examples[0]}”*`)
    .join('\n');
}
