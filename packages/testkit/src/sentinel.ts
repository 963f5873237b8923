import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestkitError } from './errors.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { TestProcess } from './process.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { redisCommand } from './redis-command.ts';
import { atTeardown } from './teardown.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The name under which the sentinels know the master. */
export const MASTER_NAME = 'mymaster';

/** A master with replicas, watched by three sentinels. */
export interface TestSentinel {
  /** The first is the master at the start. */
  readonly nodes: readonly TestRedis[];
  /** `redis+sentinel://…/mymaster`. */
  readonly url: string;
  readonly sentinelPorts: readonly number[];
  /** Whom the sentinels name now. */
  master(): Promise<TestRedis>;
}

/** Real servers and sentinels on loopback; a dead master is replaced in two to four seconds. */
export async function startSentinel({
  replicas = 2,
  args: more = [],
}: {
  readonly replicas?: number;
  /** More arguments of each redis-server. */
  readonly args?: readonly string[];
} = {}): Promise<TestSentinel> {
  // Any of them may become the master, and a master waits for more replicas before it sends its data.
  const soon = ['--repl-diskless-sync-delay', '0', ...more];
  const master = await startRedis({ args: soon });
  const args = [...soon, '--replicaof', '127.0.0.1', String(master.port)];
  const others = await Promise.all(Array.from({ length: replicas }, () => startRedis({ args })));
  const sentinelPorts = await Promise.all([1, 2, 3].map(() => startOne(master.port)));
  await eventually(() => Promise.all(sentinelPorts.map((port) => requireComplete(port, replicas))), {
    timeoutMs: 30_000,
  });
  const nodes = [master, ...others];
  return {
    nodes,
    url: `redis+sentinel://${sentinelPorts.map((port) => `127.0.0.1:${port}`).join(',')}/${MASTER_NAME}`,
    sentinelPorts,
    master: async () => {
      const reply = await redisCommand(sentinelPorts[0] ?? 0, [
        'SENTINEL',
        'GET-MASTER-ADDR-BY-NAME',
        MASTER_NAME,
      ]);
      const [, port] = JSON.parse(reply) as [string, string];
      const found = nodes.find((node) => node.port === Number(port));
      if (found === undefined)
        throw new TestkitError('not-started', `The sentinels name an unknown master: ${reply}`);
      return found;
    },
  };
}

async function startOne(masterPort: number): Promise<number> {
  const port = await freePort();
  const dir = temporaryFolder();
  const config = join(dir, 'sentinel.conf');
  // A sentinel writes what it learns into its own configuration file.
  writeFileSync(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${dir}`,
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
      `sentinel failover-timeout ${MASTER_NAME} 3000`,
      '',
    ].join('\n'),
  );
  const sentinel = new TestProcess(process.env.REDIS_SERVER_BIN || 'redis-server', [config, '--sentinel']);
  atTeardown(async () => void (await sentinel.kill()));
  return port;
}

async function requireComplete(port: number, replicas: number): Promise<void> {
  const reply = JSON.parse(await redisCommand(port, ['SENTINEL', 'MASTER', MASTER_NAME])) as string[];
  const value = (name: string): string | undefined => reply[reply.indexOf(name) + 1];
  if (
    value('num-slaves') !== String(replicas) ||
    value('num-other-sentinels') !== '2' ||
    value('flags') !== 'master'
  ) {
    throw new TestkitError('not-started', 'The sentinels do not know each other and all replicas yet');
  }
}
