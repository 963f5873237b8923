import { isLoopbackHost } from '@taproot/chat/server';

/** A setting that cannot be used; its message is for the operator. */
export class EnvironmentError extends Error {
  readonly code = 'invalid-environment';

  constructor(message: string) {
    super(message);
    this.name = 'EnvironmentError';
  }
}

/** The studio's settings, from environment variables (README, "Configuration"). */
export interface Environment {
  readonly host: string;
  readonly port: number;
  /** HOST is reachable from this machine only. */
  readonly loopback: boolean;
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  readonly role: 'all' | 'gateway' | 'worker';
  readonly agent: 'guide';
  readonly sessionSecret: string | undefined;
  readonly allowedOrigins: readonly string[];
  readonly demo: boolean;
  /** Believe a proxy's word about the client's address. */
  readonly trustProxy: boolean;
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
  // The door of the model agent: it has a name and no inside yet.
  const agent = oneOf('TAPROOT_AGENT', get('TAPROOT_AGENT') ?? 'guide', ['guide']);
  return {
    host,
    port: port(get('PORT')),
    loopback,
    redisUrl: get('REDIS_URL'),
    dataDir: get('TAPROOT_DATA') ?? '.taproot',
    role,
    agent,
    sessionSecret,
    allowedOrigins: origins(get('ALLOWED_ORIGINS')),
    trustProxy: isOn('TRUST_PROXY', get('TRUST_PROXY') ?? '0'),
    demo: isOn('TAPROOT_DEMO', get('TAPROOT_DEMO') ?? '1') && loopback,
  };
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
