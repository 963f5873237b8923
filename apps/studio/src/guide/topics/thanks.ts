import type { Topic } from '../topic.ts';

export const thanks: Topic = {
  name: 'thanks',
  title: 'Thanks',
  about: 'a kind word',
  examples: [
    'Thanks!',
    'thank you very much',
    'thx',
    'great, that helped',
    'perfect',
    'cheers',
    'nice',
    'bye',
    'that is all, thank you',
  ],
  cues: [
    ['thank', 4],
    ['thank you', 1],
    ['thx', 4],
    ['ty', 3],
    ['cheer', 3],
    ['great', 3],
    ['perfect', 3],
    ['awesome', 3],
    ['nice', 3],
    ['cool', 3],
    ['bye', 3],
    ['goodbye', 3],
    ['see you', 3],
    ['well done', 3],
  ],
  aside: true,
  unlisted: true,
  async answer() {
    return 'You are welcome. Ask again whenever you want to know how Redis is doing.';
  },
};
