import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';

const inspectOf = (args: string[], env: Record<string, string> = {}) =>
  parseArguments(['inspect', ...args], env);

test('the URL comes from the command line, else from REDIS_URL, else it is the data folder', () => {
  const env = { REDIS_URL: 'redis://b:1' };
  expect(inspectOf(['redis://a:1'], env)).toMatchObject({ target: { kind: 'node', address: { host: 'a' } } });
  expect(inspectOf([], env)).toMatchObject({ target: { kind: 'node', address: { host: 'b' } } });
  expect(inspectOf([''], { REDIS_URL: '' })).toMatchObject({
    target: { kind: 'folder', dir: '.taproot', asked: false },
  });
  expect(inspectOf(['--data', 'x'], env)).toMatchObject({
    target: { kind: 'folder', dir: 'x', asked: true },
  });
});

test('options have defaults, and names and values are checked', () => {
  expect(inspectOf(['redis://a'])).toMatchObject({
    samples: 50_000,
    seconds: 10,
    top: 10,
    json: false,
    strict: false,
    showNames: false,
  });
  expect(
    inspectOf([
      'redis://a',
      '--samples=all',
      '--seconds',
      '0.5',
      '--top=0',
      '--json',
      '--strict',
      '--show-names',
    ]),
  ).toMatchObject({
    samples: Infinity,
    seconds: 0.5,
    top: 0,
    json: true,
    strict: true,
    showNames: true,
  });
});

test('lint takes one file', () => {
  expect(parseArguments(['lint', 'a.ts', '--json'], {})).toEqual({ kind: 'lint', file: 'a.ts', json: true });
});

test('help is had by its name, also of a command, and the version', () => {
  expect(parseArguments(['--help'], {})).toEqual({ kind: 'help', topic: 'taproot-redis' });
  expect(parseArguments(['lint', '-h'], {})).toEqual({ kind: 'help', topic: 'lint' });
  expect(parseArguments(['-v'], {})).toEqual({ kind: 'version' });
});

describe('what cannot be meant is an error that names the help', () => {
  test.each([
    [[], /No command was given; see taproot-redis --help/],
    [['look'], /Unknown command look/],
    [['inspect', '--colour'], /Unknown option --colour; see taproot-redis inspect --help/],
    [['inspect', 'redis://a', 'redis://b'], /several/],
    [['inspect', 'redis://a', '--data', 'x'], /both/],
    [['inspect', '--samples', '0'], /--samples: expected a whole number of at least 1 or all/],
    [['inspect', '--seconds', '1e9'], /--seconds/],
    [['inspect', '--top', '-1'], /--top/],
    [['inspect', '--json=yes'], /takes no value/],
    [['inspect', '--keyspaces'], /needs a value/],
    [['lint'], /expected one file/i],
    [['lint', 'a', 'b'], /expected one file/i],
    [['lint', 'a', '--strict'], /--strict is no option of lint; see taproot-redis lint --help/],
  ])('%j', (args, message) => {
    expect(() => parseArguments(args, {})).toThrow(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringMatching(message) }),
    );
  });
});

test.each([
  [['redis://ann:hunter2@a:1']],
  [['inspect', 'redis://ann:hunter2@a:1:2']],
  [['inspect', 'redis://ann:hunter2@a/x']],
  [['inspect', 'http://ann:hunter2@a']],
  [['inspect', 'redis://ann:hunter2@a', 'redis://ann:hunter2@b']],
  [['inspect', '--json=hunter2']],
])('a password is not quoted by an error: %j', (args) => {
  expect(() => parseArguments(args, {})).toThrow();
  expect(() => parseArguments(args, {})).not.toThrow(/hunter2/);
});
