import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';
import { eachKey, type KeySpec } from './key-spec.ts';
import { OLD_SPECS } from './old-specs.ts';
import { slotOf } from './slot.ts';

interface Command {
  readonly specs: readonly KeySpec[];
  /** Whether the specifications find all keys; if not, the server is asked. */
  readonly complete: boolean;
  /** By the second word, e.g. of OBJECT ENCODING. */
  readonly subcommands: ReadonlyMap<string, Command>;
}

/** The reply of COMMAND: name, arity, flags, first, last and step of the keys; since 7.0 also categories, tips, key specifications, subcommands. */
export type CommandReply = readonly [
  string,
  number,
  readonly string[],
  number,
  number,
  number,
  unknown?,
  unknown?,
  (readonly SpecReply[])?,
  (readonly CommandReply[])?,
];

interface SpecReply {
  readonly flags: readonly string[];
  readonly begin_search: { readonly type: string; readonly spec: Readonly<Record<string, unknown>> };
  readonly find_keys: { readonly type: string; readonly spec: Readonly<Record<string, unknown>> };
}

/** Which arguments are keys, as the server itself tells it, so that commands of newer versions and of modules are known too. */
export class CommandTable {
  readonly #commands: ReadonlyMap<string, Command>;

  constructor(reply: readonly CommandReply[]) {
    this.#commands = new Map(reply.map((command) => [command[0].toUpperCase(), commandOf(command)]));
  }

  has(name: string): boolean {
    return this.#commands.has(name);
  }

  /** The one slot of a command's keys; undefined without keys; `ask` where only the server can tell. Throws `crossslot`. */
  slotOf(args: readonly RedisArgument[]): number | undefined | 'ask' {
    const container = this.#commands.get(String(args[0]).toUpperCase());
    if (container === undefined) return undefined;
    const { subcommands } = container;
    const command = (subcommands.size > 0 && subcommands.get(String(args[1]).toUpperCase())) || container;
    if (!command.complete) return 'ask';
    let slot: number | undefined;
    for (const spec of command.specs) {
      eachKey(args, spec, (key) => {
        slot = sameSlot(slot, slotOf(key));
      });
    }
    return slot;
  }
}

/** Throws `crossslot` if the two differ. */
export function sameSlot(slot: number | undefined, other: number): number {
  if (slot === undefined || slot === other) return other;
  throw new RedisManagerError(
    'The keys of one command, script or transaction must lie in one slot; give them a common hash tag {…}',
    { code: 'crossslot', retryable: false, applied: 'no' },
  );
}

function commandOf([name, , flags, first, last, step, , , specs, subcommands]: CommandReply): Command {
  const nested = new Map(
    (subcommands ?? []).map((command) => [command[0].toUpperCase().replace(/^.*\|/, ''), commandOf(command)]),
  );
  if (specs !== undefined) return { ...fromSpecs(specs), subcommands: nested };
  // Redis 6.2 tells one range only, and no more of commands whose keys depend on other arguments.
  if (flags.includes('movablekeys')) {
    const known = OLD_SPECS.get(name.toUpperCase());
    return { specs: known ?? [], complete: known !== undefined, subcommands: nested };
  }
  const range = { last: last < 0 ? last : last - first, step, limit: 0 };
  return {
    specs: first > 0 ? [{ begin: { index: first }, find: range }] : [],
    complete: true,
    subcommands: nested,
  };
}

function fromSpecs(replies: readonly SpecReply[]): Pick<Command, 'specs' | 'complete'> {
  const specs = replies.map(specOf);
  return {
    specs: specs.filter((spec) => spec !== undefined),
    complete: !specs.includes(undefined) && replies.every(({ flags }) => !flags.includes('incomplete')),
  };
}

function specOf({ begin_search: search, find_keys: find }: SpecReply): KeySpec | undefined {
  const known = ['index', 'keyword'].includes(search.type) && ['range', 'keynum'].includes(find.type);
  if (!known) return undefined;
  return {
    begin:
      search.type === 'index'
        ? { index: Number(search.spec.index) }
        : { keyword: String(search.spec.keyword).toUpperCase(), from: Number(search.spec.startfrom) },
    find:
      find.type === 'range'
        ? {
            last: Number(find.spec.lastkey),
            step: Number(find.spec.keystep),
            limit: Number(find.spec.limit),
          }
        : {
            countAt: Number(find.spec.keynumidx),
            first: Number(find.spec.firstkey),
            step: Number(find.spec.keystep),
          },
  };
}
