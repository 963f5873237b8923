import { fullJitter } from '../connection/backoff.ts';
import { Call, type CallHome, type RedisArgument, type SendOptions } from '../connection/call.ts';
import { Dispatcher } from '../connection/dispatcher.ts';
import type { Link, Placement } from '../connection/link.ts';
import type { QueueLimits } from '../connection/waiting-room.ts';
import { type RedisErrorDetails, RedisManagerError } from '../errors.ts';
import type { Sender } from '../servers.ts';
import { type CommandTable, sameSlot } from './command-table.ts';
import { allOf, everywhere } from './everywhere.ts';
import { redirectionOf } from './redirection.ts';
import { slotOf } from './slot.ts';
import type { SlotMap } from './slot-map.ts';

type Arguments = readonly RedisArgument[];

export interface RouterOptions extends QueueLimits {
  readonly map: SlotMap;
  /** It seems that slots have moved. */
  readonly onDoubt: () => void;
}

/** More are no migration but a Cluster that disagrees with itself. */
const MAX_REDIRECTS = 16;
/** After these each redirection waits a little, longer each time. */
const MAX_QUICK_REDIRECTS = 3;
const PAUSE_MIN_MS = 5;
const PAUSE_MAX_MS = 200;
/** Errors after which it is time to ask who serves what. */
const DOUBTS: ReadonlySet<string> = new Set(['moved', 'clusterdown', 'readonly', 'connection-lost']);

/** Sends each call to the master of its slot, and on to where a node says that the slot is; all within the call's deadline. */
export class Router implements Sender, Placement {
  readonly #options: RouterOptions;
  /** Where calls wait that no master can take: before the slots are known, and for slots that nobody serves. */
  readonly #lobby: Dispatcher;
  #table: CommandTable | undefined;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#lobby = new Dispatcher(lobbyLink(this), options);
  }

  /** The commands' keys are known: what waits can be sent. */
  learn(table: CommandTable): void {
    this.#table = table;
    this.#lobby.release();
  }

  /** Slots or connections have changed: what waits goes to where it belongs by now. */
  rehome(): void {
    this.#lobby.rehome();
    for (const { connection } of this.#options.map.masters) connection.calls.rehome();
  }

  close(): void {
    this.#lobby.close();
  }

  call(args: Arguments, options: SendOptions): Promise<unknown> {
    const table = this.#table;
    if (table === undefined) return this.#afterStart(args, options, () => this.call(args, options));
    const merge = everywhere(args);
    if (merge !== undefined) {
      const { owners } = this.#options.map;
      return allOf(owners.map((master) => master.call(args, options))).then(merge);
    }
    try {
      requireNoScan(args);
      const slot = table.slotOf(args);
      return slot === 'ask' ? this.#askForSlot(args, options) : this.#send(args, options, slot);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  batch(commands: readonly Arguments[], options: SendOptions): Promise<unknown> {
    const table = this.#table;
    if (table === undefined) {
      return this.#afterStart(commands.flat(), options, () => this.batch(commands, options), commands);
    }
    try {
      let common: number | undefined;
      for (const args of commands) {
        const slot = table.slotOf(args);
        if (slot === 'ask') throw unclear(args);
        if (slot !== undefined) common = sameSlot(common, slot);
      }
      return this.#send([], options, common, commands);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  homeOf(call: Call): CallHome | undefined {
    const { route } = call;
    if (route === undefined) return undefined;
    if (route.ask !== undefined) return route.ask;
    const { map } = this.#options;
    const master = route.slot === undefined ? map.anyone() : map.ownerOf(route.slot);
    return master?.connection.calls ?? this.#lobby;
  }

  redirected(call: Call, error: RedisManagerError, cause: unknown): number | undefined {
    const { route } = call;
    if (route === undefined) return undefined;
    route.ask = undefined;
    const { map, onDoubt } = this.#options;
    if (DOUBTS.has(error.code)) onDoubt();
    const to = error.code === 'moved' ? redirectionOf(cause, error.node) : undefined;
    if (to === undefined || ++route.redirects > MAX_REDIRECTS) return undefined;
    const master = map.named(to.address);
    if (to.kind === 'ASK') route.ask = master.connection.calls;
    else {
      map.assign(to.slot, master);
      route.slot = to.slot;
    }
    const slow = route.redirects - MAX_QUICK_REDIRECTS;
    return slow <= 0 ? 0 : fullJitter(slow, PAUSE_MIN_MS, PAUSE_MAX_MS);
  }

  #send(
    args: Arguments,
    options: SendOptions,
    slot: number | undefined,
    batch?: Call['batch'],
  ): Promise<unknown> {
    const call = new Call(args, options, batch);
    call.route = { slot, redirects: 0, ask: undefined };
    return (this.homeOf(call) ?? this.#lobby).dispatch(call);
  }

  /** Waits in the lobby, within the call's own limits. Only the call itself is told to observers. */
  async #afterStart(
    args: Arguments,
    options: SendOptions,
    then: () => Promise<unknown>,
    batch?: Call['batch'],
  ): Promise<unknown> {
    try {
      await this.#lobby.dispatch(new Call(args, unobserved(options)));
    } catch (error) {
      const call = new Call(args, options, batch);
      call.reject(error as RedisManagerError);
      return call.promise;
    }
    return then();
  }

  /** Commands like SORT … STORE, whose keys only the server finds. */
  async #askForSlot(args: Arguments, options: SendOptions): Promise<unknown> {
    const question = this.#send(['COMMAND', 'GETKEYS', ...args], unobserved(options), undefined);
    const keys = await question.catch((error: RedisManagerError) => {
      // Without keys, or wrong: whoever gets the command itself says what is wrong with it.
      if (error.code === 'reply-error') return [];
      throw error;
    });
    let slot: number | undefined;
    for (const key of keys as string[]) slot = sameSlot(slot, slotOf(key));
    return this.#send(args, options, slot);
  }
}

function unobserved(options: SendOptions): SendOptions {
  return { ...options, observers: undefined, buffers: undefined };
}

/** As the lobby's calls see it: a connection that never comes. */
function lobbyLink(placement: Placement): Link {
  const error = (message: string, details: Omit<RedisErrorDetails, 'role'>): RedisManagerError =>
    new RedisManagerError(message, { ...details, role: 'command' });
  return {
    role: 'command',
    node: 'The Redis Cluster',
    client: undefined,
    master: true,
    placement,
    drop: () => undefined,
    error: (message, code, retryable, applied) => error(message, { code, retryable, applied }),
    closedError: () =>
      error('The Redis manager is closed', { code: 'closed', retryable: false, applied: 'no' }),
  };
}

/** In a transaction it is of no use to ask the server about one of its commands: the others would have to wait. */
function unclear(args: Arguments): RedisManagerError {
  return new RedisManagerError(
    `${String(args[0]).toUpperCase()} cannot be part of a transaction on a Cluster: where its keys are only the server knows`,
    { code: 'invalid-options', retryable: false, applied: 'no' },
  );
}

/** A cursor counts at the master that gave it only. */
function requireNoScan(args: Arguments): void {
  if (String(args[0]).toUpperCase() !== 'SCAN') return;
  throw new RedisManagerError('SCAN looks at one master of a Cluster; use manager.scan() for all of them', {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
