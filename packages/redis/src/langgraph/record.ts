import { createHash } from 'node:crypto';
import type { Checkpoint, CheckpointMetadata, SerializerProtocol } from '@langchain/langgraph-checkpoint';
import { RedisManagerError } from '../errors.ts';
import { packFrame, unpackFrame } from './frame.ts';

/** Channel values from this size on are stored apart, once for all checkpoints that have the same. */
const APART_BYTES = 1024;

/** How one channel's value is stored: its name, its type for the serializer, and whether it is apart. */
type ChannelHead = readonly [channel: string, type: string, apart: 0 | 1];

interface CheckpointHead {
  readonly rest: string;
  readonly channels: readonly ChannelHead[];
}

/** A channel value that is stored apart. */
export interface ApartValue {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** A checkpoint as it is stored. */
export interface StoredCheckpoint {
  readonly frame: Buffer;
  readonly apart: readonly ApartValue[];
}

type Dumped = [type: string, bytes: Uint8Array];

/** A checkpoint, serialized piece by piece. */
export interface DumpedCheckpoint {
  readonly rest: Dumped;
  readonly channels: readonly (readonly [channel: string, value: Dumped])[];
}

/** Everything of the checkpoint as it is at this moment, if the serializer works at once, as LangGraph's does. */
export async function dumpCheckpoint(
  serde: SerializerProtocol,
  checkpoint: Checkpoint,
): Promise<DumpedCheckpoint> {
  const { channel_values, ...others } = checkpoint;
  const [rest, ...channels] = await Promise.all([
    serde.dumpsTyped(others),
    ...Object.entries(channel_values).map(
      async ([channel, value]) => [channel, await serde.dumpsTyped(value)] as const,
    ),
  ]);
  // What JSON has no form for, as a function, is left out.
  return { rest, channels: channels.filter(([, [type, bytes]]) => type !== 'json' || bytes.byteLength > 0) };
}

/** Puts the pieces together, the large ones apart. */
export function frameCheckpoint({ rest, channels }: DumpedCheckpoint): StoredCheckpoint {
  const heads: ChannelHead[] = [];
  const parts: Uint8Array[] = [rest[1]];
  const apart: ApartValue[] = [];
  for (const [channel, [type, bytes]] of channels) {
    const large = bytes.byteLength >= APART_BYTES;
    heads.push([channel, type, large ? 1 : 0]);
    if (large) apart.push({ digest: digestOf(bytes), bytes });
    else parts.push(bytes);
  }
  const head: CheckpointHead = { rest: rest[0], channels: heads };
  return { frame: packFrame({ head, parts }), apart };
}

/** `apart` in the order in which they were encoded. Throws `codec`. */
export async function decodeCheckpoint(
  serde: SerializerProtocol,
  frame: Buffer,
  apart: readonly (Buffer | null)[],
): Promise<Checkpoint> {
  const { head, parts } = unpackFrame<CheckpointHead>(frame);
  const [inline, large] = [parts.slice(1).values(), apart.values()];
  const values = head.channels.map(async ([channel, type, isApart]) => {
    const stored = isApart === 1 ? large.next().value : inline.next().value;
    if (!stored) throw damaged();
    return [channel, await serde.loadsTyped(type, isApart === 1 ? new Uint8Array(stored) : stored)] as const;
  });
  const rest = (await serde.loadsTyped(head.rest, parts[0] ?? new Uint8Array())) as Checkpoint;
  return { ...rest, channel_values: Object.fromEntries(await Promise.all(values)) };
}

export async function encodeMetadata(
  serde: SerializerProtocol,
  metadata: CheckpointMetadata,
): Promise<Buffer> {
  const [head, bytes] = await serde.dumpsTyped(metadata);
  return packFrame({ head, parts: [bytes] });
}

export async function decodeMetadata(serde: SerializerProtocol, stored: Buffer): Promise<CheckpointMetadata> {
  const { head, parts } = unpackFrame<string>(stored);
  return serde.loadsTyped(head, parts[0] ?? new Uint8Array());
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

function damaged(): RedisManagerError {
  const details = { code: 'codec', retryable: false, applied: 'no' } as const;
  return new RedisManagerError('A value of a stored checkpoint is missing', details);
}
