import type { Topic } from '../topic.ts';

const CHANGES =
  'add change clear close create delete disable disconnect drop enable evict expire flush flushall flushdb kill migrate purge raise reboot remove rename reset restart restore set shut shutdown start stop truncate unlink wipe';

export const readOnly: Topic = {
  name: 'read-only',
  title: 'Changing things',
  about: 'that I only read',
  examples: [
    'delete all keys',
    'flushall',
    'restart redis',
    'can you drop the cache please',
    'set maxmemory to 1gb',
    'kill client 7',
    'please remove my threads',
    'Could you stop the server?',
  ],
  // Only where the clause begins with it: "when was the last restart" is a question.
  cues: CHANGES.split(' ').map((verb) => [`^${verb}`, 6] as const),
  unlisted: true,
  wholeClause: true,
  async answer() {
    return 'I **only read**: none of my tools can change Redis, a thread or a setting, whoever asks. For how it is done, ask “How do I …”; if the docs know, I quote them.';
  },
};
