import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { User } from '../agent.ts';
import { ChatError } from '../errors.ts';
import { type RemoteKeys, remoteKeys } from './jwks.ts';

/** Options of {@link createJwtVerifier}. */
export interface JwtOptions {
  /** Where the issuer publishes its keys (RFC 7517); https, or http on this machine. */
  readonly jwksUrl: string;
  /** `iss` must be this. */
  readonly issuer: string;
  /** `aud` must be this, or hold it. */
  readonly audience: string;
  /** Who a token's claims stand for. @default userOfClaims */
  readonly user?: (claims: JWTPayload) => User | undefined;
  /** How much clocks may differ, in ms. @default 30000 */
  readonly clockToleranceMs?: number;
  /** How long the issuer may take to answer, in ms. @default 5000 */
  readonly timeoutMs?: number;
  /** How long its keys are used before they are fetched again, in ms. @default 600000 */
  readonly keysMaxAgeMs?: number;
  /** A key that is not known makes them be fetched again, but not more often than this, in ms. @default 5000 */
  readonly keysCooldownMs?: number;
}

export const DEFAULT_JWT_OPTIONS = {
  clockToleranceMs: 30_000,
  timeoutMs: 5000,
  keysMaxAgeMs: 600_000,
  keysCooldownMs: 5000,
} as const;

/**
 * Resolves with the user that a JWT stands for. Rejects `unauthenticated` for one that does not hold, and
 * `identity-unavailable` while the issuer's keys cannot be had.
 */
export type JwtVerifier = (jwt: string) => Promise<User>;

/** Signatures by a key pair only: with a shared secret anybody could sign with the published key. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const MAX_JWT_CHARS = 16_384;
/** OpenID Connect Core §2 allows 255. */
const MAX_SUBJECT_CHARS = 255;
const MAX_NAME_CHARS = 80;

/** Checks JWTs of one issuer. Throws `invalid-options` for an address of keys that cannot be trusted. */
export function createJwtVerifier(options: JwtOptions): JwtVerifier {
  const { issuer, audience, user = userOfClaims } = options;
  const { clockToleranceMs, timeoutMs, keysMaxAgeMs, keysCooldownMs } = {
    ...DEFAULT_JWT_OPTIONS,
    ...options,
  };
  const url = keysUrl(options.jwksUrl);
  const keys = remoteKeys({ url, timeoutMs, maxAgeMs: keysMaxAgeMs, cooldownMs: keysCooldownMs });
  const checks: JWTVerifyOptions = {
    algorithms: ALGORITHMS,
    issuer,
    audience,
    clockTolerance: clockToleranceMs / 1000,
    requiredClaims: ['sub', 'exp'],
  };
  return async (jwt) => {
    if (jwt.length > MAX_JWT_CHARS) throw refused('The JWT is too long');
    const mayAsk = keys.mayAsk();
    try {
      const found = user(await claimsOf(jwt, keys, checks));
      if (found !== undefined) return found;
    } catch (error) {
      throw told(error, mayAsk, keysCooldownMs);
    }
    throw refused('The JWT names no user of this system');
  };
}

/**
 * The default: `sub` is the user's id; `name`, or `preferred_username`, or `email`, or `sub` is the name; whoever has `operator`
 * among the `roles` (an array, or words) is an operator.
 */
export function userOfClaims(claims: JWTPayload): User | undefined {
  const { sub, roles } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT_CHARS) return undefined;
  const named = [claims.name, claims.preferred_username, claims.email, sub].find(
    (name): name is string => typeof name === 'string' && name.trim() !== '',
  );
  const words: readonly unknown[] =
    typeof roles === 'string' ? roles.split(/[\s,]+/) : Array.isArray(roles) ? roles : [];
  return {
    id: sub,
    name: (named ?? sub).trim().slice(0, MAX_NAME_CHARS),
    operator: words.includes('operator'),
  };
}

async function claimsOf(jwt: string, { key }: RemoteKeys, checks: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(jwt, key, checks)).payload;
  } catch (error) {
    // Keys need no names: then each that fits is tried.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const candidate of error) {
      try {
        return (await jwtVerify(jwt, candidate, checks)).payload;
      } catch (reason) {
        if (!(reason instanceof errors.JWSSignatureVerificationFailed)) throw reason;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** What is wrong with the JWT itself. All else is the issuer's trouble. */
const OF_THE_JWT = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
];

function told(error: unknown, mayAsk: boolean, cooldownMs: number): ChatError {
  if (error instanceof errors.JWKSNoMatchingKey && !mayAsk)
    return unavailable('The key of this JWT is not known yet', cooldownMs, error);
  if (OF_THE_JWT.some((kind) => error instanceof kind)) return refused('The JWT does not hold', error);
  return unavailable('The keys of the issuer cannot be had now', 1000, error);
}

function refused(message: string, cause?: unknown): ChatError {
  return new ChatError('unauthenticated', message, { cause });
}

function unavailable(message: string, retryAfterMs: number, cause: unknown): ChatError {
  return new ChatError('identity-unavailable', message, { retryAfterMs, cause });
}

function keysUrl(text: string): URL {
  const url = URL.parse(text);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && local)) return url;
  throw new ChatError('invalid-options', 'The address of the keys must be https, or http on this machine');
}
