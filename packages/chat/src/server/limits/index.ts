export { type AddressOf, addressKey, peerAddress } from './address.ts';
export { Buckets } from './buckets.ts';
export { Limiter, type LimitName, type Source } from './limiter.ts';
export { OpenCount } from './open-count.ts';
export { type ChatLimits, DEFAULT_LIMITS, resolveLimits } from './options.ts';
