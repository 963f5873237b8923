export { DEFAULT_REVOCATIONS, Revocations, type RevocationsOptions } from './revocations.ts';
