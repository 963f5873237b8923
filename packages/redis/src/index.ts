export {
  AgentState,
  type AgentStateOptions,
  DEFAULT_AGENT_STATE,
  type HistoryOptions,
  type StateCallOptions,
  type StateDocument,
  type StateWriteOptions,
  type StateWritten,
  VersionConflictError,
} from './agent-state/index.ts';
export * from './cache/index.ts';
export { slotOf } from './cluster/index.ts';
export type { Commands, Multi, ScanOptions } from './commands/index.ts';
export { fullJitter, pause } from './connection/backoff.ts';
export type { RedisArgument } from './connection/call.ts';
export { PROFILES, type Profile, type ProfileName } from './connection/profile.ts';
export { DEPLOYMENT_KEY, type Deployment } from './deployment.ts';
export { type RedisErrorCode, RedisManagerError, type RedisRole } from './errors.ts';
export type { Check, Checks, Health, RedisState } from './health.ts';
export {
  DEFAULT_INSPECT_OPTIONS,
  type DeclaredKeyspace,
  FINDING_CODES,
  type Finding,
  type FindingCode,
  type InspectOptions,
  type InspectProgress,
  type InspectReport,
  type KeyClassifier,
  type KeyPart,
  keyFamily,
  keyParts,
  maskNames,
  shortId,
  shortKey,
} from './inspect/index.ts';
export {
  backfillKeyspace,
  bytesCodec,
  type Codec,
  type CodecForm,
  type CodecOptions,
  type CollectionHandle,
  type DocumentHandle,
  defineCodec,
  defineKeyspace,
  dropReplaced,
  type FoundParameters,
  jsonCodec,
  KEYSPACE_RULES,
  type KeyLifetime,
  type KeyParameter,
  type KeyParameters,
  Keyspace,
  type KeyspaceCallOptions,
  type KeyspaceDefinition,
  type KeyspaceFacts,
  type KeyspaceHandle,
  type KeyspaceManager,
  type KeyspaceProblem,
  KeyspaceRegistry,
  type KeyspaceRule,
  type KeyspaceWriteOptions,
  KeyTemplate,
  type KeyType,
  keyspaces,
  lintKeyspaces,
  RESERVED_PREFIXES,
  type RenameOptions,
  type RenameProgress,
  type RenameStage,
  requireOneSlot,
  type SetOptions,
  textCodec,
} from './keyspaces/index.ts';
export {
  DEFAULT_LEND_OPTIONS,
  type IORedisLendOptions,
  type LendOptions,
  type LoanDriver,
  type LoanInfo,
  type NodeRedisLendOptions,
} from './loans/index.ts';
export * from './locks/index.ts';
export {
  type Appended,
  type AppendInput,
  appendedFromReply,
  bodyRest,
  DurableLog,
  LOG_LUA,
  type LogEntry,
  type LogHead,
  type LogKeys,
  type LogPosition,
  logKeys,
  MAX_PUBLISHED_BYTES,
  type TailItem,
  type TailOptions,
  type TailPosition,
} from './log/index.ts';
export {
  type CallOptions,
  createRedisManager,
  type ManagerMaster,
  type RedisManager,
  type SubscribeOptions,
} from './manager.ts';
export { DEFAULT_OPTIONS, type RedisManagerOptions } from './options.ts';
export * from './pubsub/index.ts';
export * from './rate-limit/index.ts';
export * from './revocations/index.ts';
export { defineScript, type Script } from './script.ts';
export * from './sessions/index.ts';
export type { ChannelListener } from './subscriptions.ts';
export {
  type CallObserver,
  type MetricFamily,
  type ObservedCall,
  prometheusText,
  type Sample,
} from './telemetry/index.ts';
export type { Credentials, CredentialsProvider, TlsOptions } from './topology/index.ts';
export type { InvalidationListener } from './tracking.ts';
