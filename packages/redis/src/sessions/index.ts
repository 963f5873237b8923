export type { Session } from './session.ts';
export {
  DEFAULT_SESSIONS,
  type SessionListener,
  type SessionName,
  Sessions,
  type SessionsOptions,
} from './sessions.ts';
