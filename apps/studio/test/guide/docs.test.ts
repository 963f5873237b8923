import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { excerpt } from '../../src/guide/docs/excerpt.ts';
import { terms } from '../../src/guide/docs/terms.ts';
import { createDocsIndex, createGuide, loadDocs, sectionsOf } from '../../src/guide/index.ts';
import type { RedisReader } from '../../src/guide/redis/reader.ts';
import { ask, VISITOR } from './support/run.ts';

const docs = await loadDocs(join(import.meta.dirname, 'fixtures/project'));
const noRedis: RedisReader = {
  call: () => Promise.reject(new Error('not asked')),
  health: () => {
    throw new Error('not asked');
  },
};
const guide = createGuide({ manager: noRedis, docs, paceMs: 0 });

describe('a question of how something is done is answered by the right section', () => {
  test.each([
    ['How do I run the tests?', 'CONTRIBUTING.md#run-the-tests'],
    ['how to start it', 'README.md#start'],
    ['how can I use my own redis?', 'README.md#use-your-own-redis'],
    ['where is the data kept?', 'README.md#where-the-data-is-kept'],
    ['How do I change the port', 'README.md#change-the-port'],
    ['what does 1011 mean?', 'PROTOCOL.md#close-codes'],
    ['what is a fence?', 'docs/redis-manager.md#fence'],
    ['what does degraded mean', 'docs/redis-manager.md#states'],
    ['how do I get a ticket', 'PROTOCOL.md#authentication'],
    ['how do I authenticate?', 'PROTOCOL.md#authentication'],
    ['how do I set the memory limit?', 'docs/embedded-redis.md#memory-limit'],
    ['how do I restore a back-up', 'docs/embedded-redis.md#backup-and-restore'],
    ['How can I lend a connection to BullMQ?', 'docs/redis-manager.md#lend-a-connection-to-a-library'],
    ['what happens if I send the same id twice', 'PROTOCOL.md#send'],
    ['why do I get a reset?', 'PROTOCOL.md#reset'],
    ['how do I add a new package', 'CONTRIBUTING.md#add-a-package'],
    ['what is an orphan?', 'docs/embedded-redis.md#adopting-an-orphan'],
    ['how do I resume a thread', 'PROTOCOL.md#attach'],
    ['how do i lend a conection to a libary', 'docs/redis-manager.md#lend-a-connection-to-a-library'],
  ])('%s', async (question, source) => {
    const { steps, text } = await ask(guide, question, { user: VISITOR });
    expect(steps.map(({ tool }) => tool)).toEqual(['search_docs']);
    expect(steps[0]?.output).toMatchObject({ quotes: [{ source }] });
    expect(text).toContain(`(\`${source}\`)`);
  });
});

describe('what the docs do not have is not made up', () => {
  test.each(['how do I cook pasta', 'what is a zebra', 'how to win at chess'])('%s', async (question) => {
    const { text } = await ask(guide, question);
    expect(text).toContain('**nothing on that**');
  });

  test.each([
    'asdf qwer zxcv',
    'what is the weather in Paris',
    'tell me a joke',
    'how old are you',
    '',
    '🦊',
  ])('nonsense gets the plain answer: %j', async (question) => {
    const { text } = await ask(guide, question);
    expect(text).toContain('**I cannot answer that.**');
    for (const variable of ['TAPROOT_AGENT', 'MODEL_BASE_URL', 'MODEL_NAME', 'MODEL_API_KEY'])
      expect(text).toContain(variable);
    expect(text).toContain('comes with a later release');
  });

  test('a word of the docs alone is looked up', async () => {
    expect((await ask(guide, 'fence')).text).toContain('docs/redis-manager.md#fence');
  });

  test('once the model agent is there the answer says so', async () => {
    const now = createGuide({ manager: noRedis, docs, paceMs: 0, modelAgent: 'available' });
    for (const question of ['asdf qwer', 'how do I switch on a model?']) {
      const { text } = await ask(now, question);
      expect(text).toContain('start the server with these variables');
      expect(text).not.toContain('later release');
    }
  });
});

describe('a quotation', () => {
  test('has no HTML, images or links that only work in the repository, and keeps its code', async () => {
    const { text } = await ask(guide, 'how to start it');
    expect(text).toContain('> npm install && npm start');
    expect(text).toContain('See CONTRIBUTING.md for more.');
    expect(text).not.toMatch(/<|!\[|\]\(/);
    expect(excerpt('<p>a</p> ![x](y.png) <!-- z --> [b](c.md) [d](https://e.example) `<i>`', 500)).toBe(
      'a   b [d](https://e.example) `<i>`',
    );
  });

  test('is cut between blocks, with every code block closed', () => {
    const long = Array.from({ length: 50 }, (_, n) => `Paragraph ${n} with some words in it.`).join('\n\n');
    expect(excerpt(long, 300).length).toBeLessThan(350);
    expect(excerpt(long, 300)).toMatch(/…$/);
    const code = `\`\`\`ts\n${'const x = 1;\n\n'.repeat(300)}\`\`\``;
    expect(excerpt(code, 300).match(/```/g)).toHaveLength(2);
  });
});

describe('a page is split at its headings', () => {
  test('with the anchors that GitHub gives, and not inside code', () => {
    const page =
      '# Title\nintro\n## Run: `npm test`!\na\n```sh\n# no heading\n```\n## Twice\nb\n### Deep\nc\n## Twice\nd\n## Empty\n## ünï\ne';
    expect(sectionsOf('docs/x.md', page).map(({ source, trail }) => [source, trail.join(' > ')])).toEqual([
      ['docs/x.md#title', ''],
      ['docs/x.md#run-npm-test', 'Title'],
      ['docs/x.md#twice', 'Title'],
      ['docs/x.md#deep', 'Title > Twice'],
      ['docs/x.md#twice-1', 'Title'],
      ['docs/x.md#ünï', 'Title'],
    ]);
  });

  test('a folder without docs gives an empty index, not an error', async () => {
    expect((await loadDocs(join(import.meta.dirname, 'no-such-folder'))).sections).toBe(0);
    expect(createDocsIndex([]).search('anything')).toEqual([]);
  });
});

test("the project's own docs answer how to add a topic and how a message travels", async () => {
  const own = await loadDocs(join(import.meta.dirname, '../../../..'));
  expect(own.search('How do I add a topic to the guide?')[0]?.section.source).toBe(
    'docs/guide.md#add-a-topic',
  );
  expect(own.search('how does a message travel?')[0]?.section.source).toBe(
    'docs/how-it-works.md#how-a-message-travels',
  );
});

test('of a long section the part that answers is quoted, of a long table the rows that do', () => {
  const filler = Array.from({ length: 20 }, (_, n) => `Paragraph ${n} tells of other things.`).join('\n\n');
  const section = `${filler}\n\nThe harbour opens at dawn.\n\n${filler}`;
  expect(excerpt(section, 200, terms('harbour'))).toMatch(/^…\n\nThe harbour opens at dawn\./);
  const rows = Array.from({ length: 80 }, (_, n) => `| \`OPTION_${n}\` | something else |`).join('\n');
  const table = `Options.\n\n| name | meaning |\n|---|---|\n${rows}\n| \`PORT\` | where it listens |`;
  expect(excerpt(table, 400, terms('port'))).toBe(
    '…\n\n| name | meaning |\n|---|---|\n| `PORT` | where it listens |',
  );
});
