export type { Limit } from './limits.ts';
export { RateLimit, type RateLimitOptions, type RateLimitResult } from './rate-limit.ts';
