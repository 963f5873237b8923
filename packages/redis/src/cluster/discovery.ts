import { fullJitter, pause } from '../connection/backoff.ts';
import { reasonOf } from '../connection/reasons.ts';
import { toManagerError } from '../connection/reply-errors.ts';
import { RedisManagerError } from '../errors.ts';
import { type Address, ask, type Locator, named } from '../topology/index.ts';
import { type CommandReply, CommandTable } from './command-table.ts';
import { type SlotsReply, type SlotView, viewOf } from './slot-view.ts';

export interface DiscoveryOptions {
  readonly locator: Locator;
  readonly seeds: readonly Address[];
  /** Asks over a connection that is there; undefined if there is none to this node. */
  readonly over: (address: Address, questions: readonly string[][]) => Promise<unknown[]> | undefined;
  /** Nodes to ask before those that were named last. */
  readonly preferred: () => readonly Address[];
  /** Whether all is as it should be, so that there is no need to ask soon. */
  readonly settled: () => boolean;
  readonly found: (view: SlotView, table: CommandTable) => void;
  readonly failed: (error: RedisManagerError) => void;
  readonly timeoutMs: number;
}

/** Slots move without anybody telling; a wrong idea costs a redirection, so there is no hurry. */
const REFRESH_EVERY_MS = 10_000;
/** While a master is missing. */
const UNSETTLED_EVERY_MS = 250;
/** However many calls are redirected. */
const MIN_GAP_MS = 100;
const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 500;

/** Learns which node serves which slots: at the start, when something does not fit, and now and then. One question at a time. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #stopping = new AbortController();
  #wake = new AbortController();
  #known: readonly Address[] = [];
  #table: CommandTable | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#keepKnowing();
  }

  /** Something does not fit what is known. */
  soon(): void {
    this.#wake.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#loop;
  }

  async #keepKnowing(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      // Before asking: what happens from now on may not be in the answer.
      this.#wake = new AbortController();
      const error = await this.#ask();
      if (signal.aborted) return;
      if (error !== undefined) {
        this.#options.failed(error);
        await pause(fullJitter(failures++, RETRY_MIN_MS, RETRY_MAX_MS), signal);
        continue;
      }
      failures = 0;
      await pause(MIN_GAP_MS, signal);
      await pause(this.#options.settled() ? REFRESH_EVERY_MS : UNSETTLED_EVERY_MS, this.#wake.signal);
    }
  }

  /** Asks one after the other until one knows. The error tells why none did, the most telling reason first. */
  async #ask(): Promise<RedisManagerError | undefined> {
    const { preferred, seeds } = this.#options;
    const candidates = new Map([...preferred(), ...this.#known, ...seeds].map((one) => [named(one), one]));
    let failure: RedisManagerError | undefined;
    for (const [node, address] of candidates) {
      if (this.#stopping.signal.aborted) return undefined;
      try {
        await this.#learnFrom(address);
        return undefined;
      } catch (cause) {
        const error = asError(cause, node);
        if (failure === undefined || !error.retryable) failure = error;
      }
    }
    return failure;
  }

  async #learnFrom(address: Address): Promise<void> {
    const questions = [['CLUSTER', 'SLOTS'], ...(this.#table === undefined ? [['COMMAND']] : [])];
    const { over, found } = this.#options;
    const [slots, commands] = await (over(address, questions) ?? this.#askAnew(address, questions));
    if (commands !== undefined) this.#table = new CommandTable(commands as CommandReply[]);
    const view = viewOf(slots as SlotsReply, address);
    if (view.owners.size === 0) throw noSlots(named(address));
    this.#known = view.nodes;
    if (this.#table !== undefined) found(view, this.#table);
  }

  async #askAnew(address: Address, questions: readonly string[][]): Promise<unknown[]> {
    const { locator, timeoutMs } = this.#options;
    const { signal } = this.#stopping;
    const { client } = await locator.endpointAt(address, signal);
    return ask({ client, questions, timeoutMs, signal });
  }
}

function asError(cause: unknown, node: string): RedisManagerError {
  const error = toManagerError(cause, { role: 'command', node, written: false });
  if (error.code === 'timeout') return lost(node, 'does not answer', cause);
  if (error.code === 'connection-lost' && error !== cause) return lost(node, reasonOf(cause, false), cause);
  if (!/cluster support disabled/.test(error.message)) return error;
  return new RedisManagerError(`Redis at ${node} is no Cluster; its URL begins with redis:// or rediss://`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
    node,
  });
}

function lost(node: string, reason: string, cause: unknown): RedisManagerError {
  const details = { code: 'connection-lost', retryable: true, applied: 'no', node, cause } as const;
  return new RedisManagerError(`Redis at ${node}: ${reason}`, details);
}

function noSlots(node: string): RedisManagerError {
  return new RedisManagerError(`Redis at ${node} knows no master with slots`, {
    code: 'clusterdown',
    retryable: true,
    applied: 'no',
    node,
  });
}
