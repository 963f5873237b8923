import type { ChatServer, RunCensus } from '@taproot/chat/server';
import type { InspectReport, RedisManager } from '@taproot/redis';
import type { DeploymentFigures } from './report.ts';

/** However many look, Redis is asked once in this time. */
const FRESH_MS = 5000;
const INSPECTION = { maxSamples: 1500, maxMs: 300, top: 0, deadlineMs: 2000 } as const;
const MAX_ROWS = 12;

/** Figures of the whole deployment, as they were a few seconds ago. */
export class DeploymentView {
  readonly #manager: RedisManager;
  readonly #chat: ChatServer;
  #figures: DeploymentFigures | undefined;
  #problem: string | undefined;
  #asked = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #aheadMs = 0;

  constructor(manager: RedisManager, chat: ChatServer) {
    this.#manager = manager;
    this.#chat = chat;
  }

  get figures(): DeploymentFigures | undefined {
    return this.#figures;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** By how much the clock of Redis is ahead of ours. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** Looks again if it is time; waits only for the first look. */
  async refresh(): Promise<void> {
    if (this.#looking === undefined && performance.now() - this.#asked > FRESH_MS) {
      this.#looking = this.#look().finally(() => {
        this.#asked = performance.now();
        this.#looking = undefined;
      });
    }
    if (this.#figures === undefined && this.#problem === undefined) await this.#looking;
  }

  async #look(): Promise<void> {
    if (this.#manager.state !== 'ready' && this.#manager.state !== 'degraded') {
      this.#problem = 'Redis is away';
      return;
    }
    try {
      // Alone, because a busy process reads the clock late.
      const aheadMs = await this.#clock();
      const [report, runs] = await Promise.all([this.#manager.inspect(INSPECTION), this.#chat.countRuns()]);
      this.#aheadMs = aheadMs;
      this.#figures = figuresOf(report, runs);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : 'Redis could not be looked at';
    }
  }

  /** By the quickest of three answers; a difference that its way explains is none. */
  async #clock(): Promise<number> {
    let best = { tookMs: Number.POSITIVE_INFINITY, aheadMs: 0 };
    for (let i = 0; i < 3; i++) {
      const before = Date.now();
      const start = performance.now();
      const [seconds, micros] = (await this.#manager.call(['TIME'])) as [string, string];
      const tookMs = performance.now() - start;
      const aheadMs = Number(seconds) * 1000 + Number(micros) / 1000 - before - tookMs / 2;
      if (tookMs < best.tookMs) best = { tookMs, aheadMs };
    }
    return Math.abs(best.aheadMs) <= best.tookMs / 2 + 1 ? 0 : best.aheadMs;
  }
}

function figuresOf(report: InspectReport, runs: RunCensus): DeploymentFigures {
  const { servers, connections, keys, findings } = report;
  const [server] = servers;
  const limit = servers.reduce((sum, { memory }) => sum + (memory.maxBytes ?? 0), 0);
  return {
    at: Date.now(),
    tookMs: Math.round(report.tookMs),
    server: server ? `${server.product} ${server.version}` : '',
    memoryBytes: servers.reduce((sum, { memory }) => sum + (memory.usedBytes ?? 0), 0),
    ...(limit > 0 && { maxMemoryBytes: limit }),
    runs,
    connections: {
      total: connections?.total ?? 0,
      owners: (connections?.owners ?? []).slice(0, MAX_ROWS).map((one) => ({
        owner: one.owner ?? '(no name)',
        role: one.role ?? one.library ?? '',
        connections: one.connections,
        memoryBytes: one.memoryBytes,
      })),
    },
    keys: {
      total: keys?.total ?? 0,
      keyspaces: [...(keys?.keyspaces ?? [])]
        .sort((a, b) => (b.memory?.bytes ?? 0) - (a.memory?.bytes ?? 0))
        .slice(0, MAX_ROWS)
        .map(({ name, keys: count, memory }) => ({
          name,
          keys: count,
          ...(memory && { memoryBytes: memory.bytes }),
        })),
    },
    findings: findings.slice(0, MAX_ROWS).map(({ message }) => message),
  };
}
