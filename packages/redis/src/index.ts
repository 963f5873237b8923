export type { Commands, Multi, ScanOptions } from './commands/index.ts';
export { fullJitter, pause } from './connection/backoff.ts';
export type { RedisArgument } from './connection/call.ts';
export { PROFILES, type Profile, type ProfileName } from './connection/profile.ts';
export { DEPLOYMENT_KEY, type Deployment } from './deployment.ts';
export { type RedisErrorCode, RedisManagerError, type RedisRole } from './errors.ts';
export type { Check, Checks, Health, RedisState } from './health.ts';
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
export { type CallOptions, createRedisManager, type RedisManager } from './manager.ts';
export { DEFAULT_OPTIONS, type RedisManagerOptions } from './options.ts';
export { defineScript, type Script } from './script.ts';
export type { ChannelListener } from './subscriptions.ts';
export {
  type CallObserver,
  type MetricFamily,
  type ObservedCall,
  prometheusText,
  type Sample,
} from './telemetry/index.ts';
export type { Credentials, CredentialsProvider, TlsOptions } from './topology/index.ts';
