import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import type { Redis } from 'ioredis';
import type { RedisClientType } from 'redis';
import { expect, onTestFinished } from 'vitest';
import type { CredentialsProvider, RedisManager, TlsOptions } from '../../src/index.ts';
import { type LoanContext, type LoanDriver, Loans } from '../../src/loans/index.ts';
import { Locator, parseTarget } from '../../src/topology/index.ts';
import { readyManager } from '../support/ready-manager.ts';

export interface Lending {
  readonly redis: TestRedis;
  readonly manager: RedisManager;
  readonly loans: Loans;
}

/** What a manager on this URL gives its loans. */
export function contextOf(
  url: string,
  { credentials, tls, maxLoans = 16, connectTimeoutMs = 2000 }: ContextOptions = {},
): LoanContext {
  const locator = new Locator(parseTarget(url), {
    tls,
    credentials,
    sentinelCredentials: undefined,
    timeoutMs: 500,
  });
  const { seeds } = locator;
  return {
    app: 'taproot',
    maxLoans,
    connectTimeoutMs,
    locate: (signal) => locator.locate(signal),
    cluster: seeds && { seeds, endpointAt: (address, signal) => locator.endpointAt(address, signal) },
  };
}

export interface ContextOptions {
  readonly credentials?: CredentialsProvider;
  readonly tls?: TlsOptions;
  readonly maxLoans?: number;
  readonly connectTimeoutMs?: number;
}

/** Loans without a manager, for the running test. */
export function loansOn(url: string, options: ContextOptions = {}): Loans {
  const loans = new Loans(contextOf(url, options));
  onTestFinished(() => loans.close());
  return loans;
}

/** A ready manager on a server of its own, and loans beside it. */
export async function lending(
  options: ContextOptions & { readonly redis?: TestRedis; readonly url?: string } = {},
): Promise<Lending> {
  const redis = options.redis ?? (await startRedis());
  const manager = await readyManager(redis.url);
  return { redis, manager, loans: loansOn(options.url ?? redis.url, options) };
}

/** Names of the connections that the server has, sorted; those without a name are the test's own. */
export async function names(redis: TestRedis): Promise<string[]> {
  const list = await redis.cli('CLIENT', 'LIST');
  return [...list.matchAll(/ name=(\S+)/g)].map(([, name]) => name ?? '').sort();
}

export const MANAGERS_TWO = ['taproot:command:manager', 'taproot:subscriber:manager'];

/** Nothing but the manager's two connections is left, and the manager works. */
export async function onlyTheManagerIsLeft({ redis, manager, loans }: Lending): Promise<void> {
  await eventually(async () => {
    expect(await names(redis)).toEqual(MANAGERS_TWO);
    expect(loans.size).toBe(0);
  });
  expect(loans.list()).toEqual([]);
  expect(await manager.call(['PING'])).toBe('PONG');
}

export const DRIVERS = ['node-redis', 'ioredis'] as const;

/** What both drivers can, under one name. */
export interface AnyClient {
  readonly client: RedisClientType | Redis;
  /** What its `error` events told, oldest first. */
  readonly errors: string[];
  call(...args: string[]): Promise<unknown>;
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  ready(): boolean;
  duplicate(options?: Record<string, unknown>): AnyClient;
  subscribe(channel: string, heard: (message: string) => void): Promise<unknown>;
}

export async function lend(
  loans: Pick<Loans, 'lend'>,
  driver: LoanDriver,
  options: Record<string, unknown> = {},
): Promise<AnyClient> {
  const all = { owner: 'test', purpose: 'a test', ...options };
  return driver === 'ioredis'
    ? ofIORedis(await loans.lend('ioredis', all))
    : ofNodeRedis(await loans.lend('node-redis', all));
}

function ofIORedis(client: Redis): AnyClient {
  return {
    client,
    errors: errorsOf(client),
    call: (command = '', ...args) => client.call(command, args),
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    publish: (channel, message) => client.publish(channel, message),
    ready: () => client.status === 'ready',
    duplicate: (options) => ofIORedis(client.duplicate(options)),
    subscribe: (channel, heard) => {
      client.on('message', (_channel: string, message: string) => heard(message));
      return client.subscribe(channel);
    },
  };
}

function ofNodeRedis(client: RedisClientType): AnyClient {
  return {
    client,
    errors: errorsOf(client),
    call: (...args) => client.sendCommand(args),
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    publish: (channel, message) => client.publish(channel, message),
    ready: () => client.isReady,
    duplicate: (options) => {
      const made = client.duplicate(options);
      // A duplicate of this driver waits to be connected.
      made.connect().catch(() => undefined);
      return ofNodeRedis(made);
    },
    subscribe: (channel, heard) => client.subscribe(channel, heard),
  };
}

function errorsOf(client: RedisClientType | Redis): string[] {
  const errors: string[] = [];
  const listener = (error: Error): unknown => errors.push(error.message);
  (client as RedisClientType).on('error', listener);
  return errors;
}
