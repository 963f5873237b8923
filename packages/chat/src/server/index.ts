export type {
  Agent,
  AttemptContext,
  ModelAnswer,
  ModelAttempt,
  RunContext,
  StepContext,
  StepOptions,
  User,
} from './agent.ts';
export { authenticate, type Credential, credentialOf, SESSION_COOKIE } from './auth/authenticate.ts';
export { type Authorize, ownerOnly, type ThreadAction, type ThreadFacts } from './auth/authorize.ts';
export {
  createJwtVerifier,
  type JwtOptions,
  type JwtVerifier,
  userOfClaims,
} from './auth/jwt.ts';
export { DEFAULT_SESSION_MS, type Session, Sessions } from './auth/sessions.ts';
export { ChatServer, type ChatServerOptions, createChatServer, DEFAULT_CHAT_OPTIONS } from './chat-server.ts';
export { ChatError, type ChatErrorCode, RETRY_AFTER_MS, toChatError } from './errors.ts';
export { DeliveryMeter } from './gateway/delivery-meter.ts';
export { conditionOf } from './gateway/gateway.ts';
export { LIMITS } from './gateway/limits.ts';
export { type Allowed, hostAllowed, isForwarded, isLoopbackHost, originAllowed } from './http/origin.ts';
export { type Problem, problem, problemOf } from './http/problem.ts';
export type { Route, RouteReply, RouteRequest } from './http/routes.ts';
export {
  type AddressOf,
  type ChatLimits,
  DEFAULT_LIMITS,
  type Limiter,
  type LimitName,
  peerAddress,
  resolveLimits,
  type Source,
} from './limits/index.ts';
export type { RunCensus } from './runs/census.ts';
export type { Answer, RunTarget, Stopped } from './runs/control.ts';
export { ModelFailure, type ModelFailureOptions } from './runs/model-failure.ts';
export { StepError } from './runs/step-error.ts';
export { DEFAULT_RETENTION, type RetentionOptions } from './threads/retention.ts';
export type { Match, Ranges } from './threads/search/document.ts';
export type { SearchPage, SearchQuery } from './threads/search/search.ts';
export type { ThreadDetails, ThreadInfo } from './threads/store.ts';
export type { Accepted } from './threads/turns.ts';
