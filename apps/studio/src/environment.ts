import {
  ChatError,
  type ChatLimits,
  createJwtVerifier,
  isLoopbackHost,
  type JwtOptions,
  resolveLimits,
} from '@taproot/chat/server';
import { EnvironmentError } from './environment-error.ts';
import { type ModelSettings, readModelSettings } from './model/index.ts';
import { numberPairs } from './number-pairs.ts';
import { type TrustProxy, trustProxy } from './trust-proxy.ts';

export { EnvironmentError };

/** The studio's settings, from environment variables (README, "Configuration"). */
export interface Environment {
  readonly host: string;
  readonly port: number;
  /** HOST is reachable from this machine only. */
  readonly loopback: boolean;
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  readonly role: 'all' | 'gateway' | 'worker';
  readonly agent: 'guide' | 'model';
  /** Of the agent `model`, where runs are executed by it. */
  readonly model: ModelSettings | undefined;
  readonly sessionSecret: string | undefined;
  readonly allowedOrigins: readonly string[];
  readonly demo: boolean;
  /** Whose word about a client's address is believed; nobody's if undefined. */
  readonly trustProxy: TrustProxy | undefined;
  /** The issuer whose JWTs sign in. */
  readonly jwt: JwtOptions | undefined;
  /** Other limits than the default ones. */
  readonly limits: Partial<ChatLimits>;
}

/** Reads and checks all settings. An empty variable counts as absent. Throws {@link EnvironmentError}. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const get = (name: string): string | undefined => env[name]?.trim() || undefined;
  const host = get('HOST') ?? '127.0.0.1';
  const loopback = isLoopbackHost(host) || host === '::1';
  const sessionSecret = get('SESSION_SECRET');
  if (sessionSecret !== undefined && Buffer.byteLength(sessionSecret) < 32) {
    throw new EnvironmentError(
      'SESSION_SECRET must have at least 32 bytes, e.g. from: openssl rand -base64 48',
    );
  }
  if (sessionSecret === undefined && !loopback) {
    throw new EnvironmentError(
      `SESSION_SECRET is required, because HOST=${host} can be reached from elsewhere`,
    );
  }
  const role = oneOf('TAPROOT_ROLE', get('TAPROOT_ROLE') ?? 'all', ['all', 'gateway', 'worker']);
  const agent = oneOf('TAPROOT_AGENT', get('TAPROOT_AGENT') ?? 'guide', ['guide', 'model']);
  return {
    host,
    port: port(get('PORT')),
    loopback,
    redisUrl: get('REDIS_URL'),
    dataDir: get('TAPROOT_DATA') ?? '.taproot',
    role,
    agent,
    // A gateway executes no runs, and so it needs no key.
    model: agent === 'model' && role !== 'gateway' ? readModelSettings(get) : undefined,
    sessionSecret,
    allowedOrigins: origins(get('ALLOWED_ORIGINS')),
    trustProxy: trusted(get('TRUST_PROXY')),
    jwt: issuer(get),
    limits: limits(get('TAPROOT_LIMITS')),
    demo: isOn('TAPROOT_DEMO', get('TAPROOT_DEMO') ?? '1') && loopback,
  };
}

const ISSUER = ['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'] as const;

function issuer(get: (name: string) => string | undefined): JwtOptions | undefined {
  const [jwksUrl, issuer, audience] = ISSUER.map(get);
  if (jwksUrl === undefined && issuer === undefined && audience === undefined) return undefined;
  if (jwksUrl === undefined || issuer === undefined || audience === undefined)
    throw new EnvironmentError(`${ISSUER.join(', ')} belong together: set all three or none`);
  const options = { jwksUrl, issuer, audience };
  checked('AUTH_JWKS_URL', () => createJwtVerifier(options));
  return options;
}

function limits(text: string | undefined): Partial<ChatLimits> {
  return checked('TAPROOT_LIMITS', () => resolveLimits(numberPairs(text)));
}

function trusted(text: string | undefined): TrustProxy | undefined {
  try {
    return trustProxy(text);
  } catch {
    throw new EnvironmentError(
      'TRUST_PROXY must be 0, the number of proxies, or a list of their addresses such as loopback, 10.0.0.0/8, ' +
        `not ${JSON.stringify(text)}`,
    );
  }
}

function checked<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ChatError) throw new EnvironmentError(`${name}: ${error.message}`);
    throw error;
  }
}

function port(text: string | undefined): number {
  if (text === undefined) return 7070;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 65_535)) {
    throw new EnvironmentError(`PORT must be a number from 0 to 65535, not ${JSON.stringify(text)}`);
  }
  return value;
}

function isOn(name: string, value: string): boolean {
  return oneOf(name, value, ['0', '1']) === '1';
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((option) => option === value);
  if (found !== undefined) return found;
  throw new EnvironmentError(`${name} must be ${allowed.join(' or ')}, not ${JSON.stringify(value)}`);
}

function origins(text: string | undefined): readonly string[] {
  const list = (text ?? '').split(',').map((part) => part.trim());
  return list.filter((part) => part !== '').map(origin);
}

function origin(text: string): string {
  try {
    const url = new URL(text);
    // A path or credentials would be cut off without a word.
    if (['http:', 'https:'].includes(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  } catch {
    // Told below, together with what parses and is no origin.
  }
  throw new EnvironmentError(
    `ALLOWED_ORIGINS must list origins such as https://chat.example.com, not ${JSON.stringify(text)}`,
  );
}
