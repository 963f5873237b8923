import { deltaChannelHistoryTests, validate } from '@langchain/langgraph-checkpoint-validation';
import { startCluster, startRedis } from '@taproot/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRedisManager, type RedisManager } from '../../src/index.ts';
import { RedisCheckpointer } from '../../src/langgraph/index.ts';

// The suite is written for Vitest's globals.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });

interface Topology {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const TOPOLOGIES: Readonly<Record<string, () => Promise<Topology>>> = {
  standalone: async () => {
    const redis = await startRedis();
    return { url: redis.url, stop: () => redis.stop() };
  },
  cluster: async () => {
    const cluster = await startCluster();
    return { url: cluster.url, stop: () => cluster.stop() };
  },
};

describe.each(Object.entries(TOPOLOGIES))('on %s, LangGraph’s own suite passes', (name, start) => {
  let topology: Topology;
  let manager: RedisManager;
  let made = 0;
  const initializer = {
    checkpointerName: `RedisCheckpointer (${name})`,
    beforeAll: async () => {
      topology = await start();
      manager = createRedisManager({ url: topology.url, allowSecond: true });
      await manager.ready({ timeoutMs: 30_000 });
    },
    beforeAllTimeout: 60_000,
    afterAll: async () => {
      await manager.close();
      await topology.stop();
    },
    // A prefix of its own keeps each from the others' checkpoints, also where all threads are listed.
    createCheckpointer: () => new RedisCheckpointer(manager, { prefix: `suite${made++}` }),
  };
  validate(initializer);
  deltaChannelHistoryTests(initializer);
});
