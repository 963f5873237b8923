export { createRunMapper, type RunEvent, type RunMapper } from './chunks.ts';
export { type AfterClose, afterClose, CLOSE } from './close-codes.ts';
export type { Chunk, LifecycleEvent, LogEvent, MessagePart, RunError, RunOutcome } from './events.ts';
export {
  type After,
  type Applied,
  type AttachedFrame,
  type ClientFrame,
  type CommandFrame,
  ERROR_CODES,
  type ErrorFrame,
  type EventFrame,
  type Limits,
  type Position,
  type ProtocolErrorCode,
  type ReadyFrame,
  type RedisCondition,
  type ResetReason,
  type ServerFrame,
  type StatusFrame,
  type StoppedFrame,
} from './frames.ts';
export type { ChatChunk, ChatData, ChatMessage, LifecycleData, RunMetadata } from './messages.ts';
export type { ModelEvent, ModelProblem, ModelResult, ModelToolCall, ModelUsage } from './model.ts';
