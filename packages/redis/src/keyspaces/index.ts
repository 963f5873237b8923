export { classifierOf } from './classify.ts';
export {
  bytesCodec,
  type Codec,
  type CodecForm,
  type CodecOptions,
  defineCodec,
  jsonCodec,
  textCodec,
} from './codec.ts';
export type { KeyLifetime, KeyspaceDefinition, KeyType, RenameStage } from './definition.ts';
export { claimKeyspaces } from './features.ts';
export type {
  CollectionHandle,
  DocumentHandle,
  KeyHandle,
  KeyspaceCallOptions,
  KeyspaceManager,
  KeyspaceWriteOptions,
  SetOptions,
} from './handle/index.ts';
export { Keyspace, type KeyspaceFacts, type KeyspaceHandle } from './keyspace.ts';
export { KEYSPACE_RULES, type KeyspaceProblem, type KeyspaceRule, lintKeyspaces } from './lint.ts';
export type { KeyParameter, ParameterEncoding } from './parameter.ts';
export { defineKeyspace, KeyspaceRegistry, keyspaces } from './registry.ts';
export { backfillKeyspace, dropReplaced, type RenameOptions, type RenameProgress } from './rename.ts';
export { RESERVED_PREFIXES, type ReservedPrefix } from './reserved.ts';
export { requireOneSlot } from './slot.ts';
export { type FoundParameters, type KeyParameters, KeyTemplate, type ParameterNames } from './template.ts';
