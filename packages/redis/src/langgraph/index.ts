export { DEFAULT_CHECKPOINTER, RedisCheckpointer, type RedisCheckpointerOptions } from './checkpointer.ts';
