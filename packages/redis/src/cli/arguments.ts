import { parseArgs } from 'node:util';
import { RedisManagerError } from '../errors.ts';
import { DEFAULT_INSPECT_OPTIONS } from '../inspect/index.ts';
import { DEFAULT_OPTIONS } from '../options.ts';
import { parseTarget, type UrlTarget } from '../topology/index.ts';

/** Which Redis: by its URL, or the one of an embedded server's data folder. */
export type InspectTarget =
  | UrlTarget
  | { readonly kind: 'folder'; readonly dir: string; readonly asked: boolean };

/** What `taproot-redis` was asked for. */
export type CliCommand =
  | { readonly kind: 'help'; readonly topic: HelpTopic }
  | { readonly kind: 'version' }
  | LintCommand
  | InspectCommand;

export type HelpTopic = 'taproot-redis' | 'inspect' | 'lint';

export interface LintCommand {
  readonly kind: 'lint';
  /** A module that declares keyspaces. */
  readonly file: string;
  readonly json: boolean;
}

export interface InspectCommand {
  readonly kind: 'inspect';
  readonly target: InspectTarget;
  /** A module that declares the keyspaces. */
  readonly keyspaces: string | undefined;
  readonly samples: number;
  readonly seconds: number;
  readonly top: number;
  readonly showNames: boolean;
  readonly json: boolean;
  /** Keys without an owner, or without the TTL that is declared, are a failure. */
  readonly strict: boolean;
}

const OPTIONS = {
  data: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  keyspaces: { type: 'string' },
  samples: { type: 'string' },
  seconds: { type: 'string' },
  'show-names': { type: 'boolean' },
  strict: { type: 'boolean' },
  top: { type: 'string' },
  version: { type: 'boolean', short: 'v' },
} as const;

type Values = { readonly [name: string]: string | boolean | undefined };
type Env = Readonly<Record<string, string | undefined>>;

/** Reads the command line. Throws `invalid-options`, without quoting what may be a password. */
export function parseArguments(args: readonly string[], env: Env): CliCommand {
  const { values, positionals } = split(args);
  const [command, ...rest] = positionals;
  if (values.help) return { kind: 'help', topic: isCommand(command) ? command : 'taproot-redis' };
  if (values.version) return { kind: 'version' };
  if (command === undefined) throw usage('no command was given', 'taproot-redis');
  if (!isCommand(command)) throw usage(unknownCommand(command), 'taproot-redis');
  const foreign = Object.keys(values).find((name) => !OPTIONS_OF[command].includes(name));
  if (foreign !== undefined) throw usage(`--${foreign} is no option of ${command}`, command);
  return command === 'lint' ? lintCommand(rest, values) : inspectCommand(rest, values, env);
}

const OPTIONS_OF: Readonly<Record<'inspect' | 'lint', readonly string[]>> = {
  inspect: Object.keys(OPTIONS),
  lint: ['json'],
};

function isCommand(word: string | undefined): word is 'inspect' | 'lint' {
  return word === 'inspect' || word === 'lint';
}

function lintCommand([file, ...more]: readonly string[], values: Values): LintCommand {
  if (file === undefined || more.length > 0) throw usage('expected one file that declares keyspaces', 'lint');
  return { kind: 'lint', file, json: values.json === true };
}

function inspectCommand([url, ...more]: readonly string[], values: Values, env: Env): InspectCommand {
  if (more.length > 0) throw usage('expected one URL, got several');
  return {
    kind: 'inspect',
    target: targetOf(url, values, env),
    keyspaces: string(values, 'keyspaces'),
    samples:
      values.samples === 'all' ? Infinity : number(values, 'samples', DEFAULT_INSPECT_OPTIONS.maxSamples, 1),
    seconds: number(values, 'seconds', DEFAULT_INSPECT_OPTIONS.maxMs / 1000, 0.1),
    top: number(values, 'top', DEFAULT_INSPECT_OPTIONS.top, 0),
    showNames: values['show-names'] === true,
    json: values.json === true,
    strict: values.strict === true,
  };
}

/** By tokens, because the messages of `strict` quote values. */
function split(args: readonly string[]): { values: Values; positionals: readonly string[] } {
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  const values: Record<string, string | boolean> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof typeof OPTIONS] : undefined;
    if (option === undefined) throw usage(`unknown option ${printable(rawName)}`);
    if (option.type === 'boolean' && value !== undefined) throw usage(`${rawName} takes no value`);
    if (option.type === 'string' && !value) throw usage(`${rawName} needs a value`);
    values[name] = value ?? true;
  }
  return { values, positionals };
}

function targetOf(url: string | undefined, values: Values, env: Env): InspectTarget {
  const dir = string(values, 'data');
  if (dir !== undefined && url !== undefined) throw usage('expected a URL or --data, got both');
  if (dir !== undefined) return { kind: 'folder', dir, asked: true };
  // An empty variable counts as absent.
  const named = url || env.REDIS_URL || undefined;
  return named === undefined
    ? { kind: 'folder', dir: DEFAULT_OPTIONS.dataDir, asked: false }
    : parseTarget(named);
}

function string(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

function number(values: Values, name: string, fallback: number, min: number): number {
  const given = string(values, name);
  if (given === undefined) return fallback;
  const value = /^\d+(?:\.\d+)?$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && (name === 'seconds' || Number.isInteger(value))) return value;
  const kind = name === 'seconds' ? 'number' : 'whole number';
  throw usage(`--${name}: expected a ${kind} of at least ${min}${name === 'samples' ? ' or all' : ''}`);
}

function unknownCommand(command: string): string {
  // Whoever forgot the command typed a URL in its place, and that may hold a password.
  return command.includes('://')
    ? 'expected a command before the URL'
    : `unknown command ${printable(command)}`;
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, '').slice(0, 40);
}

function usage(what: string, topic: HelpTopic = 'inspect'): RedisManagerError {
  const help = topic === 'taproot-redis' ? 'taproot-redis --help' : `taproot-redis ${topic} --help`;
  return new RedisManagerError(`${what.charAt(0).toUpperCase()}${what.slice(1)}; see ${help}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
