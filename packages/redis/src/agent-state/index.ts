export {
  AgentState,
  type HistoryOptions,
  type StateCallOptions,
  type StateWriteOptions,
} from './agent-state.ts';
export { VersionConflictError } from './conflict.ts';
export type { StateDocument, StateWritten } from './document.ts';
export { type AgentStateOptions, DEFAULT_AGENT_STATE } from './options.ts';
export { type RepeatOptions, repeatScript } from './repeat.ts';
