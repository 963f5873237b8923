import { performance } from 'node:perf_hooks';
import type { Redis } from 'ioredis';
import type { RedisClientType } from 'redis';
import { Cluster } from './cluster/index.ts';
import {
  type Commands,
  type Multi,
  requireSendable,
  requireShared,
  type ScanOptions,
  typedCommands,
  typedMulti,
} from './commands/index.ts';
import { timerMs } from './connection/backoff.ts';
import type { RedisArgument, SendOptions } from './connection/call.ts';
import { PROFILES, type ProfileName, profileOf } from './connection/profile.ts';
import { agree, DEPLOYMENT_KEY, type Deployment } from './deployment.ts';
import { EmbeddedServer } from './embedded/index.ts';
import { RedisManagerError } from './errors.ts';
import { type Health, HealthBoard, type RedisState } from './health.ts';
import { type InspectOptions, type InspectReport, inspect } from './inspect/index.ts';
import { classifierOf, requireOneSlot } from './keyspaces/index.ts';
import {
  type IORedisLendOptions,
  type LoanContext,
  type LoanDriver,
  type LoanInfo,
  Loans,
  type NodeRedisLendOptions,
} from './loans/index.ts';
import { DurableLog } from './log/index.ts';
import { OneServer } from './one-server.ts';
import { type RedisManagerOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { claimDeployment } from './registry.ts';
import type { Script } from './script.ts';
import type { Preparation, Sender, Servers } from './servers.ts';
import type { ChannelListener } from './subscriptions.ts';
import {
  CallMeter,
  type CallObserver,
  connectionFamilies,
  loanFamilies,
  type MetricFamily,
} from './telemetry/index.ts';
import { askProvider, type Endpoint, endpointOfSocket, Locator } from './topology/index.ts';
import type { InvalidationListener } from './tracking.ts';
import { checkVersion, requireNoCluster } from './version.ts';

/** Options of one call. */
export interface CallOptions {
  /** What kind of caller this is, see {@link PROFILES}. @default 'request' */
  readonly profile?: ProfileName;
  /** How long the call may take in all, in ms. @default that of the profile; for `request` the manager's `deadlineMs` */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Reply with Buffers instead of strings. @default false */
  readonly buffers?: boolean;
}

/** Options of a subscription. */
export interface SubscribeOptions {
  /**
   * The channel's messages are published in the way that {@link Deployment} names, on a Cluster from version 7 on by SPUBLISH.
   * Otherwise they are published by PUBLISH. @default false
   */
  readonly sharded?: boolean;
}

/** One server that holds data of its own; the only one, or a master of a Cluster. */
export interface ManagerMaster {
  /** Where it is, without credentials. */
  readonly node: string;
  /** Sends a command to this server and nowhere else. */
  call(args: readonly RedisArgument[], options?: CallOptions): Promise<unknown>;
}

/** Errors that no waiting mends: a process that never was ready should say so and end. */
const FATAL = new Set([
  'invalid-options',
  'version-unsupported',
  'embedded-failed',
  'embedded-data-folder',
  'noauth',
]);
const SENTINEL_TIMEOUT_MS = 500;
/** Owners of an embedded server are subscribed here; the server stops with the last of them. */
const OWNERS_CHANNEL = 'taproot:owners';

/**
 * The one owner of a process's connections to a Redis deployment.
 *
 * It starts connecting at once and never stops trying; {@link RedisManager.ready} tells when it can be used, and its
 * state is told to listeners. Every failure is a {@link RedisManagerError}.
 */
export class RedisManager {
  readonly log: DurableLog;
  readonly #options: ResolvedOptions;
  readonly #board = new HealthBoard();
  readonly #servers: Servers;
  /** That of the servers, at hand for every call. */
  readonly #sender: Sender;
  readonly #release: () => void;
  readonly #scripts = new Map<string, Script>();
  /** Those that were named while servers were prepared already. */
  readonly #unloaded = new Set<Script>();
  readonly #embedded: EmbeddedServer | undefined;
  /** Absent with an embedded server. */
  readonly #locator: Locator | undefined;
  readonly #loans: Loans;
  readonly #meter = new CallMeter();
  #observers: readonly CallObserver[] = [this.#meter];
  #commands: Commands | undefined;
  #wasReady = false;
  #leaving = false;
  #deployment: Deployment | undefined;
  #version: string | undefined;
  #closed: Promise<void> | undefined;

  /** Use {@link createRedisManager}. */
  constructor(options: RedisManagerOptions) {
    this.#options = resolveOptions(options);
    const { target } = this.#options;
    this.#locator =
      target.kind === 'url'
        ? new Locator(target.url, { ...this.#options, timeoutMs: SENTINEL_TIMEOUT_MS })
        : undefined;
    const identity = this.#locator?.identity ?? dataFolder(target);
    this.#release = this.#options.allowSecond ? () => undefined : claimDeployment(identity);
    if (target.kind === 'embedded') {
      this.#embedded = new EmbeddedServer({
        dataDir: target.dataDir,
        ...(this.#options.serverBin !== undefined && { serverBin: this.#options.serverBin }),
        ...(this.#options.maxMemoryBytes !== undefined && { maxMemoryBytes: this.#options.maxMemoryBytes }),
      });
    }
    this.#servers = this.#makeServers();
    this.#sender = this.#servers.sender;
    this.#loans = new Loans(this.#loanContext());
    this.log = new DurableLog(this);
    this.#board.on(({ state }) => {
      // Perhaps at another place than before.
      if (state === 'ready') this.#loans.relocate();
      if (state === 'ready') this.#wasReady = true;
    });
    this.#start();
  }

  get state(): RedisState {
    return this.#board.current.state;
  }

  /** The state with its reason and what the last probe found. */
  health(): Health {
    return this.#board.current;
  }

  /** Calls the listener at each change of state or reason, until the returned function is called. */
  on(_event: 'state', listener: (health: Health) => void): () => void {
    return this.#board.on(listener);
  }

  /** What all processes on this deployment agree on. Throws `not-ready` before the first {@link ready}. */
  get deployment(): Deployment {
    if (this.#deployment === undefined) throw notReady('The manager has not been ready yet');
    return this.#deployment;
  }

  /** Server and version, e.g. `redis 7.0.15`; undefined before the first connection. */
  get serverVersion(): string | undefined {
    return this.#version;
  }

  /** Where this manager connects, without credentials: `host:port` or `unix:path`; the masters of a Cluster, with commas. */
  get node(): string {
    return this.#servers.node;
  }

  /**
   * Resolves when a write, a read and a publish→receive probe have passed.
   * Rejects `not-ready` after `timeoutMs` (default: never), at once for what no waiting mends, and `closed`, `invalid-options`.
   */
  ready(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    if (Number.isNaN(Number(options.timeoutMs ?? 0)))
      return Promise.reject(notReady('Option timeoutMs: expected a number, got NaN', 'invalid-options'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = ({ state, error, reason }: Health): void => {
      if (state === 'ready') resolve();
      else if (state === 'closing' || state === 'closed')
        reject(notReady('The Redis manager is closed', 'closed'));
      else if (error !== undefined && FATAL.has(error.code) && !this.#wasReady) reject(error);
      else if (options.signal?.aborted) reject(notReady(reason ?? 'Waiting was aborted', 'aborted'));
    };
    const off = this.#board.on(look);
    const onAbort = (): void => look(this.health());
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            const { state, reason } = this.health();
            reject(notReady(`Redis is not ready after ${options.timeoutMs} ms (${reason ?? state})`));
          }, timerMs(options.timeoutMs));
    look(this.health());
    return promise.finally(() => {
      off();
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
    });
  }

  /**
   * Every command of Redis and its modules as a typed method, e.g. `commands.hSet('key', { field: 'value' })`, with the
   * manager's deadline. Commands that would hold the shared connection are refused with `invalid-options`.
   */
  get commands(): Commands {
    this.#commands ??= this.withOptions({});
    return this.#commands;
  }

  /** {@link commands} with other options, e.g. `withOptions({ deadlineMs: 200 }).get('key')`. */
  withOptions(options: CallOptions): Commands {
    return typedCommands((args) => this.call(args, options));
  }

  /** A chain of commands: `multi().set('a', '1').incr('b').exec()` runs as one transaction, `execAsPipeline()` as single commands. */
  multi(options: CallOptions = {}): Multi {
    return typedMulti({
      send: (args) => this.call(args, options),
      batch: async (commands) => {
        for (const args of commands.slice(1, -1)) requireShared(args);
        return this.#sender.batch(commands, this.#sendOptions(options));
      },
    });
  }

  /** Names of keys, in pages. See {@link ScanOptions}. */
  scan(options: ScanOptions = {}): AsyncGenerator<string[]> {
    return this.#servers.scan(options, () => this.#sendOptions({}));
  }

  /** Every server that holds data of its own, now: one, or the masters of a Cluster. Rejects `not-ready` while these are not known. */
  async masters(): Promise<readonly ManagerMaster[]> {
    const { masters } = this.#servers;
    if (masters.length === 0) throw notReady('The masters of the Cluster are not known yet');
    return masters.map((master) => ({
      node: master.node,
      call: async (args, options = {}) => {
        requireShared(args);
        return master.call(args, this.#sendOptions(options));
      },
    }));
  }

  /**
   * Looks into the deployment without changing it: who is connected, what is stored, what was slow. Keys are told apart by
   * the declared keyspaces. Rejects `invalid-options`, `aborted`, and what {@link call} rejects with.
   */
  inspect(options: InspectOptions = {}): Promise<InspectReport> {
    return inspect(this, { ...options, keyspaces: classifierOf(options.keyspaces) });
  }

  /** Sends any command, e.g. `call(['INFO', 'memory'])`. RESP3 replies: numbers, strings, arrays, maps as objects. */
  call(args: readonly RedisArgument[], options: CallOptions = {}): Promise<unknown> {
    let send: SendOptions;
    try {
      requireShared(args);
      send = this.#sendOptions(options);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#sender.call(args, send);
  }

  #sendOptions({ profile, deadlineMs, signal, buffers }: CallOptions): SendOptions {
    const now = performance.now();
    const limits = profile === undefined ? PROFILES.request : profileOf(profile);
    const usualMs = profile === undefined ? this.#options.deadlineMs : limits.deadlineMs;
    // What is left of somebody's time may be less than nothing; but NaN would be for ever.
    if (deadlineMs !== undefined && !Number.isFinite(deadlineMs))
      throw notReady(`Option deadlineMs: expected a number, got ${String(deadlineMs)}`, 'invalid-options');
    return {
      startedAt: now,
      deadlineAt: now + (deadlineMs ?? usualMs),
      connectBy: profile === undefined ? undefined : now + limits.maxWaitMs,
      retryUpTo: limits.retryUpTo,
      breaker: limits.breaker,
      signal,
      buffers,
      observers: this.#observers,
    };
  }

  /**
   * Scripts that will be run here: each server must take them before the deployment counts as ready, also when it comes back.
   * A deployment that was ready already is checked at the next probe.
   */
  prepareScripts(scripts: readonly Script[]): void {
    for (const script of scripts) {
      if (!this.#scripts.has(script.sha)) this.#unloaded.add(script);
      this.#scripts.set(script.sha, script);
    }
  }

  /**
   * Runs a script by its SHA-1, and whole where the server has forgotten it. Keys in several slots are refused with `crossslot`,
   * also where there is one server.
   */
  async script(
    script: Script,
    input: { readonly keys: readonly string[]; readonly args: readonly RedisArgument[] },
    options: CallOptions = {},
  ): Promise<unknown> {
    const rest = [String(input.keys.length), ...input.keys, ...input.args];
    requireSendable(rest);
    if (script.severalSlots !== true) requireOneSlot(input.keys);
    this.#scripts.set(script.sha, script);
    const send = { ...this.#sendOptions(options), script: script.name };
    try {
      return await this.#sender.call(['EVALSHA', script.sha, ...rest], send);
    } catch (error) {
      if (!(error instanceof RedisManagerError) || error.code !== 'noscript') throw error;
      return this.#sender.call(['EVAL', script.lua, ...rest], send);
    }
  }

  /** Tells the observer of every call until the returned function is called, e.g. for traces. Probes are not calls. */
  observe(observer: CallObserver): () => void {
    this.#observers = [...this.#observers, observer];
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer);
    };
  }

  /** Figures of this process's calls, connections and loans, for {@link prometheusText}. */
  metrics(): MetricFamily[] {
    return [
      ...this.#meter.families(),
      ...connectionFamilies(this.health(), this.#servers.loads),
      ...loanFamilies(this.#loans.list(), this.#loans.budget),
    ];
  }

  /** Hears a channel until the returned function is called; see {@link ChannelListener.active} for gaps. */
  subscribe(
    channel: string,
    listener: ChannelListener,
    { sharded = false }: SubscribeOptions = {},
  ): () => Promise<void> {
    return this.#servers.subscribe(channel, listener, sharded ? 'sharded' : 'plain');
  }

  /**
   * Hears of every change of keys that begin with `prefix` until the returned function is called, for who keeps copies of
   * values; see {@link InvalidationListener}. Throws `invalid-options` if a tracked prefix begins with another.
   */
  track(prefix: string, listener: InvalidationListener): () => void {
    return this.#servers.track(prefix, listener);
  }

  /**
   * Lends a client with connections of its own to a library that needs one, e.g. `'ioredis'` to BullMQ, `'node-redis'` to
   * connect-redis. They are being made when this resolves: commands wait for them. They are named `app:loan:owner`, count
   * against `maxLoans`, and end with the manager; closing the client in any of its driver's ways returns it. On a Cluster it
   * is the driver's Cluster client, which has the same commands.
   *
   * Rejects `loan-budget`, `invalid-options`, `driver-missing`, `closed`, and `not-ready` if there is no address within `timeoutMs`.
   */
  lend(driver: 'node-redis', options: NodeRedisLendOptions): Promise<RedisClientType>;
  lend(driver: 'ioredis', options: IORedisLendOptions): Promise<Redis>;
  lend(
    driver: LoanDriver,
    options: NodeRedisLendOptions | IORedisLendOptions,
  ): Promise<RedisClientType | Redis> {
    return driver === 'ioredis' ? this.#loans.lend(driver, options) : this.#loans.lend(driver, options);
  }

  /** What is lent now. */
  get loans(): readonly LoanInfo[] {
    return this.#loans.list();
  }

  /**
   * Takes new credentials from the provider and authenticates the live connections with them, those of loans too, without
   * ending any. Rejects `credentials`, `noauth`.
   */
  async rotateCredentials(): Promise<void> {
    const provider = this.#options.credentials;
    if (provider === undefined) throw notReady('No provider of credentials was given', 'invalid-options');
    const credentials = await askProvider(provider, new AbortController().signal);
    await Promise.all([this.#servers.authenticate(credentials), this.#loans.authenticate(credentials)]);
  }

  /** Ends all connections; the embedded server stops with its last owner. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #start(): void {
    if (this.#embedded !== undefined) this.subscribe(OWNERS_CHANNEL, { message: () => undefined });
    this.#servers.start();
  }

  #makeServers(): Servers {
    const options = this.#options;
    const board = this.#board;
    const preparation = this.#preparation();
    const seeds = this.#locator?.seeds;
    if (this.#locator !== undefined && seeds !== undefined)
      return new Cluster({ options, board, locator: this.#locator, seeds, preparation });
    return new OneServer({ options, board, locate: (signal) => this.#locate(signal), preparation });
  }

  #loanContext(): LoanContext {
    const { app, maxLoans, connectTimeoutMs } = this.#options;
    const locator = this.#locator;
    const seeds = locator?.seeds;
    return {
      ...{ app, maxLoans, connectTimeoutMs },
      locate: (signal) => this.#locate(signal),
      cluster: locator &&
        seeds && { seeds, endpointAt: (address, signal) => locator.endpointAt(address, signal) },
    };
  }

  /** Where to connect now; starts the embedded server if nobody has. */
  async #locate(signal: AbortSignal): Promise<Endpoint> {
    if (this.#locator !== undefined) return this.#locator.locate(signal);
    // The server stops with its last owner: whoever leaves must not start it again.
    if (this.#embedded === undefined || this.#leaving)
      throw notReady('The Redis manager is closed', 'closed');
    await this.#embedded.ensure(signal);
    return endpointOfSocket(this.#embedded.socketPath);
  }

  #preparation(): Preparation {
    // Calls of the manager for itself, which no observer hears of. They pass the breaker, which only a probe closes.
    const own = { once: true, breaker: false, observers: undefined };
    const send = (...args: string[]): Promise<unknown> =>
      this.#sender.call(args, { ...this.#sendOptions({}), ...own });
    const settle = async (): Promise<void> => {
      this.#deployment = await agree(send, this.#servers.publish);
    };
    return {
      server: async (call, node) => {
        const info = String(await call(['INFO', 'server']));
        this.#version = checkVersion(info, node);
        if (this.#locator?.seeds === undefined) requireNoCluster(info, node);
        await Promise.all([...this.#scripts.values()].map(({ lua }) => call(['SCRIPT', 'LOAD', lua])));
      },
      deployment: settle,
      // Data that is wiped while the connection lives is noticed by its epoch.
      recheck: async () => {
        const epoch = await send('HGET', DEPLOYMENT_KEY, 'epoch');
        if (epoch !== this.#deployment?.epoch) await settle();
        for (const script of this.#unloaded) {
          const load = ['SCRIPT', 'LOAD', script.lua];
          const options = { ...this.#sendOptions({}), ...own };
          await Promise.all(this.#servers.masters.map((master) => master.call(load, options)));
          this.#unloaded.delete(script);
        }
      },
    };
  }

  async #close(): Promise<void> {
    this.#board.set('closing', this.health().checks);
    await this.#loans.close();
    await this.#servers.rest();
    try {
      if (await this.#leave()) await this.#shutDownServer();
    } finally {
      // Also where the server refuses to end: nothing of ours stays.
      await this.#servers.close();
      await this.#embedded?.close();
      this.#release();
      this.#board.set('closed', this.health().checks);
    }
  }

  /** Leaves the embedded server's owners. True if this was the last of them: Redis orders the leaves, so one sees zero. */
  async #leave(): Promise<boolean> {
    const servers = this.#servers;
    if (this.#embedded === undefined || !(servers instanceof OneServer) || !servers.connected) return false;
    await servers.leave(OWNERS_CHANNEL);
    if (this.#options.keepRunning) return false;
    try {
      const reply = await this.call(['PUBSUB', 'NUMSUB', OWNERS_CHANNEL]);
      return Array.isArray(reply) && Number(reply[1]) === 0;
    } catch (error) {
      // Redis does not answer, so nobody can tell who else owns it: it is left running for the next owner to find.
      if (error instanceof RedisManagerError) return false;
      throw error;
    }
  }

  async #shutDownServer(): Promise<void> {
    this.#leaving = true;
    try {
      await this.call(['SHUTDOWN', 'NOSAVE'], { deadlineMs: 10_000 });
    } catch (error) {
      // The server ends the connection instead of answering.
      if (!(error instanceof RedisManagerError) || error.code !== 'connection-lost') throw error;
    }
  }
}

function dataFolder(target: ResolvedOptions['target']): string {
  return target.kind === 'embedded' ? target.dataDir : '';
}

function notReady(message: string, code: RedisManagerError['code'] = 'not-ready'): RedisManagerError {
  return new RedisManagerError(message, { code, retryable: code === 'not-ready', applied: 'no' });
}

/** Makes the process's one manager for a Redis deployment and starts connecting. Throws `invalid-options`, `double-manager`. */
export function createRedisManager(options: RedisManagerOptions = {}): RedisManager {
  return new RedisManager(options);
}
