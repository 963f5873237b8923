import { RedisManagerError } from '../errors.ts';
import { invalidOption } from './invalid.ts';

/** How a keyspace's values are stored. Make one with {@link defineCodec}, or take {@link jsonCodec}, {@link textCodec}, {@link bytesCodec}. */
export interface Codec<Value> {
  /** 0: values carry no version. */
  readonly version: number;
  encode(value: Value): string | Buffer;
  /** Throws `codec-newer`, `codec`. */
  decode(stored: Buffer): Value;
}

export interface CodecOptions<Value> {
  /** Of what is written now: 1, 2, 3, … */
  readonly version: number;
  /**
   * `migrations[n]` makes of a value of version n one of version n + 1. Under 0 stands what was stored before the keyspace
   * had versions, and is given the stored text. Values older than the oldest migration are refused.
   */
  readonly migrations?: Readonly<Record<number, (old: unknown) => unknown>>;
  /** Checks what was read, e.g. `schema.parse`; throws if it is not a value. @default takes it as it is */
  readonly parse?: (value: unknown) => Value;
}

export interface CodecForm {
  readonly write: (value: unknown) => string | Buffer | undefined;
  readonly read: (stored: Buffer) => unknown;
}

const MARK = /^v(\d{1,9}) /;
const MARK_BYTES = 11;

/** JSON behind its version: `v2 {"name":"Ann"}`. Throws `invalid-options`. */
export function jsonCodec<Value>(options: CodecOptions<Value>): Codec<Value> {
  return defineCodec(options, { write: JSON.stringify, read: (stored) => JSON.parse(stored.toString()) });
}

/** A codec of another form, e.g. MessagePack; its bytes stand behind `v<version> `. Throws `invalid-options`. */
export function defineCodec<Value>(options: CodecOptions<Value>, { write, read }: CodecForm): Codec<Value> {
  const { version, migrations = {}, parse = (value) => value as Value } = options;
  requireMigrations(version, migrations);
  return {
    version,
    encode(value) {
      const body = bodyOf(() => write(value));
      const mark = `v${version} `;
      return typeof body === 'string' ? mark + body : Buffer.concat([Buffer.from(mark), body]);
    },
    decode(stored) {
      const mark = MARK.exec(stored.toString('latin1', 0, MARK_BYTES));
      const written = mark === null ? 0 : Number(mark[1]);
      if (written > version) throw newer(written, version);
      const body =
        mark === null ? stored.toString() : attempt('read', () => read(stored.subarray(mark[0].length)));
      return attempt('checked', () => parse(migrated(body, written)), true);
    },
  };

  function migrated(body: unknown, written: number): unknown {
    let value = body;
    for (let from = written; from < version; from++) {
      const migrate = migrations[from];
      if (migrate === undefined)
        throw unreadable(`The value is of version ${written}, and there is no migration from it`);
      value = migrate(value);
    }
    return value;
  }
}

/** Text as it is, without a version. */
export const textCodec: Codec<string> = {
  version: 0,
  encode: (value) => value,
  decode: (stored) => stored.toString(),
};

/** Bytes as they are, without a version. */
export const bytesCodec: Codec<Buffer> = {
  version: 0,
  encode: (value) => value,
  decode: (stored) => stored,
};

function requireMigrations(
  version: number,
  migrations: NonNullable<CodecOptions<unknown>['migrations']>,
): void {
  const wrong = (expected: string, got: string): Error => invalidOption('A codec', expected, got);
  if (!Number.isSafeInteger(version) || version < 1 || version > 999_999_999)
    throw wrong('a version of at least 1', String(version));
  const from = Object.keys(migrations).map(Number);
  const oldest = Math.min(version, ...from);
  if (from.length === version - oldest && from.every((each) => each < version)) return;
  throw wrong(`a migration from each version from ${oldest} to ${version - 1}`, from.join(', ') || 'none');
}

/** Throws `codec` for what the form cannot hold: a function, what refers to itself. */
function bodyOf(write: () => string | Buffer | undefined): string | Buffer {
  let cause: unknown;
  try {
    const body = write();
    if (body !== undefined) return body;
  } catch (error) {
    cause = error;
  }
  throw unreadable('The value cannot be written by the codec of its keyspace', cause);
}

/** The causes of reading are left out: parsers quote what they could not read. */
function attempt<T>(what: string, work: () => T, withCause = false): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof RedisManagerError) throw cause;
    throw unreadable(
      `A stored value could not be ${what} by the codec of its keyspace`,
      withCause ? cause : undefined,
    );
  }
}

function newer(written: number, known: number): RedisManagerError {
  return new RedisManagerError(
    `The value is of version ${written}, and this process knows ${known} at most`,
    {
      code: 'codec-newer',
      retryable: false,
      applied: 'no',
    },
  );
}

function unreadable(message: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(message, { code: 'codec', retryable: false, applied: 'no', cause });
}
