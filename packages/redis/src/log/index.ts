export { type LogEntry, type LogHead, type LogKeys, type LogPosition, logKeys } from './entry.ts';
export { type Appended, type AppendInput, appendedFromReply, bodyRest, DurableLog } from './log.ts';
export { LOG_LUA, MAX_PUBLISHED_BYTES } from './lua.ts';
export { Marks } from './marks.ts';
export type { TailItem, TailOptions, TailPosition } from './tail.ts';
