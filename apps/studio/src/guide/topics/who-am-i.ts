import { code } from '../text/markdown.ts';
import type { Topic } from '../topic.ts';

export const whoAmI: Topic = {
  name: 'who-am-i',
  title: 'Who you are',
  about: 'whom you are signed in as, and what that lets you see',
  examples: [
    'Who am I?',
    'whoami',
    'am I an operator?',
    'which user am i signed in as',
    'what may I see?',
    'my permissions',
    'what is my role',
  ],
  cues: [
    ['who am i', 5],
    ['whoami', 5],
    ['operator', 3],
    ['am i', 1],
    ['signed in', 3],
    ['logged in', 3],
    ['which user', 3],
    ['my user', 3],
    ['my permission', 4],
    ['my right', 4],
    ['my role', 4],
    ['may i see', 3],
    ['allowed to see', 3],
  ],
  async answer({ user }) {
    return user.operator
      ? `You are signed in as ${code(user.name)}, an **operator**: all my tools answer you.`
      : `You are signed in as ${code(user.name)}, **without the operator role**: I answer from the docs, tell whether Redis is ready and list your own threads. Tools that show the system refuse.`;
  },
};
