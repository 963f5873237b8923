export { FENCE_LUA } from './fenced.ts';
export type { Lease } from './lease.ts';
export { type AcquireOptions, DEFAULT_LOCKS, Locks, type LocksOptions } from './locks.ts';
