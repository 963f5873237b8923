import type { TestRedis } from '@taproot/testkit';
import { expect } from 'vitest';
import { type RedisManager, RedisManagerError } from '../../src/index.ts';

/** How often a kind of call had each outcome. */
interface Tally {
  ok: number;
  no: number;
  unknown: number;
}

const COUNTER = 'work:counter';
const DEADLINE_MS = 400;

/** Increments without end, from several callers, and remembers what each was told. */
export class Work {
  readonly tally: Tally = { ok: 0, no: 0, unknown: 0 };
  /** Codes of the errors so far. */
  readonly codes = new Set<string>();
  readonly #manager: RedisManager;
  readonly #callers: readonly Promise<void>[];
  #stopped = false;

  constructor(manager: RedisManager, callers = 8) {
    this.#manager = manager;
    this.#callers = Array.from({ length: callers }, () => this.#call());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  /** What the server counted is what the callers were told. */
  async expectTrue(redis: TestRedis): Promise<void> {
    const counted = Number(await redis.cli('GET', COUNTER));
    const { ok, unknown } = this.tally;
    expect(ok).toBeGreaterThan(0);
    expect(counted).toBeGreaterThanOrEqual(ok);
    expect(counted).toBeLessThanOrEqual(ok + unknown);
  }

  async #call(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#manager.call(['INCR', COUNTER], { deadlineMs: DEADLINE_MS });
        this.tally.ok++;
      } catch (error) {
        if (!(error instanceof RedisManagerError) || error.applied === 'yes') throw error;
        this.tally[error.applied]++;
        this.codes.add(error.code);
      }
      // What fails at once would leave nobody else a turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Connections of the manager, as the server sees them. */
export async function connectionsOf(redis: TestRedis): Promise<string[]> {
  const names = (await redis.cli('CLIENT', 'LIST')).matchAll(/ name=(taproot:\S+)/g);
  return [...names].map(([, name = '']) => name).sort();
}

/** Sums of the loads of all connections. */
export function loadOf(manager: RedisManager): { open: number; waiting: number; waitingBytes: number } {
  const sum = (name: string): number =>
    manager
      .metrics()
      .filter((family) => family.name === name)
      .flatMap(({ samples }) => samples)
      .reduce((total, { value }) => total + value, 0);
  return {
    open: sum('taproot_redis_open_calls'),
    waiting: sum('taproot_redis_waiting_calls'),
    waitingBytes: sum('taproot_redis_waiting_bytes'),
  };
}

/** Timers and sockets that keep this process alive, now. */
export function resources(): { readonly timers: number; readonly sockets: number } {
  const kinds = process.getActiveResourcesInfo();
  const count = (kind: string): number => kinds.filter((other) => other === kind).length;
  return { timers: count('Timeout'), sockets: count('TCPSocketWrap') };
}

/** The most of them over a while: probes come and go. */
export async function mostResources(): Promise<ReturnType<typeof resources>> {
  let most = resources();
  for (let look = 0; look < 100; look++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { timers, sockets } = resources();
    most = { timers: Math.max(most.timers, timers), sockets: Math.max(most.sockets, sockets) };
  }
  return most;
}
