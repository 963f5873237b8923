import { type Codec, jsonCodec } from '../keyspaces/index.ts';
import { numberOption } from '../number-option.ts';

/** Options of an {@link AgentState}. */
export interface AgentStateOptions<Value> {
  /** What its keys begin with; one for each kind of document. @default 'state' */
  readonly prefix?: string;
  /** How documents are stored, e.g. `bytesCodec`. @default JSON behind a version: `jsonCodec({ version: 1 })` */
  readonly codec?: Codec<Value>;
  /** How many versions are kept of a document, with the present one, from 1 to 1000. @default 10 */
  readonly keepVersions?: number;
  /** The largest document, encoded, in bytes, from 1 to 256 MiB. @default 8 MiB */
  readonly maxBytes?: number;
  /** A document ends so many ms after its last write. @default never */
  readonly ttlMs?: number;
  /** How long it is remembered that a document was deleted, and by which write, in ms. @default 86_400_000 */
  readonly keepDeletedMs?: number;
  /** How long a call may take in all, in ms. @default 5000 */
  readonly deadlineMs?: number;
}

export const DEFAULT_AGENT_STATE = {
  prefix: 'state',
  keepVersions: 10,
  maxBytes: 8_388_608,
  keepDeletedMs: 86_400_000,
  deadlineMs: 5000,
} as const;

const [MAX_VERSIONS, MAX_MAX_BYTES] = [1000, 256 * 1024 * 1024];

export type ResolvedAgentStateOptions<Value> = Required<Omit<AgentStateOptions<Value>, 'ttlMs'>> & {
  readonly ttlMs: number | undefined;
};

/** Throws `invalid-options`. */
export function resolveAgentState<Value>(
  options: AgentStateOptions<Value>,
): ResolvedAgentStateOptions<Value> {
  const all = { ...DEFAULT_AGENT_STATE, ...options };
  return {
    prefix: all.prefix,
    codec: all.codec ?? jsonCodec<Value>({ version: 1 }),
    keepVersions: Math.floor(numberOption('keepVersions', all.keepVersions, 1, MAX_VERSIONS)),
    maxBytes: numberOption('maxBytes', all.maxBytes, 1, MAX_MAX_BYTES),
    ttlMs: all.ttlMs === undefined ? undefined : Math.ceil(numberOption('ttlMs', all.ttlMs, 1)),
    keepDeletedMs: Math.ceil(numberOption('keepDeletedMs', all.keepDeletedMs, 1)),
    deadlineMs: numberOption('deadlineMs', all.deadlineMs, 1),
  };
}
