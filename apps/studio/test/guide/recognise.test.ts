import { describe, expect, test } from 'vitest';
import { MAX_TOPICS, Recogniser } from '../../src/guide/language/recognise.ts';
import type { Topic } from '../../src/guide/topic.ts';
import { TOPICS } from '../../src/guide/topics/index.ts';

const recogniser = new Recogniser<Topic>(TOPICS);
const names = (question: string): string[] => recogniser.recognise(question).topics.map(({ name }) => name);

describe('every example is recognised as its own topic', () => {
  for (const { name, examples } of TOPICS) {
    test.each(examples)(`${name}: %s`, (example) => expect(names(example)).toEqual([name]));
  }
});

test('topics have distinct names, titles and first examples', () => {
  for (const field of [
    TOPICS.map((t) => t.name),
    TOPICS.map((t) => t.title),
    TOPICS.map((t) => t.examples[0]),
  ]) {
    expect(new Set(field).size).toBe(TOPICS.length);
  }
});

describe('case, politeness and punctuation do not matter', () => {
  test.each([
    ['HOW MUCH MEMORY DOES REDIS USE???', 'memory'],
    ['could you please show me the slow log', 'slow-log'],
    ['Hey guide, what’s the uptime?', 'server'],
    ['redis: latency', 'latency'],
    ['so... how fast is redis', 'latency'],
    ['thank you, and what is the uptime?', 'server'],
    ['what is in the redis database', 'keyspaces'],
  ])('%s', (question, name) => expect(names(question)).toEqual([name]));
});

describe('a word with a typing mistake is still understood', () => {
  test.each([
    ['conections', 'connections'],
    ['how is the latnecy', 'latency'],
    ['memmory usage', 'memory'],
    ['is presistence on', 'persistence'],
    ['show the biggset keys', 'biggest-keys'],
    ['helath', 'health'],
    ['what verison is it', 'server'],
    ['keyspaecs', 'keyspaces'],
    ['thoughput', 'throughput'],
  ])('%s', (question, name) => expect(names(question)).toEqual([name]));
});

describe('several questions in one message are all answered, in their order', () => {
  test.each([
    ['how many connections and how is latency?', ['connections', 'latency']],
    ['How is latency? How many connections?', ['latency', 'connections']],
    ['show me memory, latency and slow log', ['memory', 'latency', 'slow-log']],
    ['show me memory latency connections', ['memory', 'latency', 'connections']],
    ['is aof enabled and which redis version is this', ['persistence', 'server']],
    ['which keys do not expire, and which are the biggest?', ['no-expiry', 'biggest-keys']],
    ['hello! how much memory is used?', ['memory']],
    ['memory and also memory', ['memory']],
  ])('%s', (question, expected) => expect(names(question)).toEqual(expected));

  test('there is a limit to them', () => {
    const all = 'memory, latency, connections, slowlog, uptime, aof, errors, ttl, throughput, health';
    expect(names(all)).toHaveLength(MAX_TOPICS);
  });

  test('a part that no topic covers is noticed', () => {
    expect(recogniser.recognise('how is the latency and the weather in Paris?')).toMatchObject({
      unknown: true,
    });
    expect(recogniser.recognise('which connections are open, by owner?')).toMatchObject({ unknown: false });
  });
});

describe('how something is done is a question for the docs, what it is now is not', () => {
  test.each([
    ['how do I change the memory limit', ['how-to']],
    ['how much memory is used', ['memory']],
    ['how do I see the slow log?', ['slow-log']],
    ['can you tell me how many clients are connected', ['connections']],
    ['what is a keyspace?', ['how-to']],
    ['what is the biggest keyspace', ['keyspaces']],
    ['how do I delete a thread', ['how-to']],
    ['delete my threads', ['read-only']],
    ['when was the last restart', ['server']],
  ])('%s', (question, expected) => expect(names(question)).toEqual(expected));
});

describe('nonsense and foreign matters are no topic', () => {
  test.each([
    'asdf qwer zxcv',
    'what is the weather in Paris',
    'tell me a joke',
    'write a poem about the sea',
    'Wie viel Speicher nutzt Redis?',
    '',
    '   ',
    '?!',
    '🦊🦊🦊',
    '\u0000\u0001\u0002',
    'constructor __proto__ toString',
    'select * from users',
  ])('%j', (question) => expect(names(question)).toEqual([]));
});

test('a message of a megabyte is recognised by its beginning, in little time', () => {
  const start = performance.now();
  expect(names(`latency ${'lorem ipsum memory '.repeat(60_000)}`)).toContain('latency');
  expect(performance.now() - start).toBeLessThan(1000);
});
