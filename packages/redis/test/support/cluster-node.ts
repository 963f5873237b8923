import { randomUUID } from 'node:crypto';
import type { TestRedis } from '@taproot/testkit';
import { createClient } from 'redis';
import { onTestFinished } from 'vitest';
import type { RedisArgument } from '../../src/index.ts';

type Client = ReturnType<typeof createClient>;

/** A script as it is run: its text, KEYS and ARGV. */
export interface ScriptRun {
  readonly lua: string;
  readonly keys: readonly string[];
  readonly args: readonly RedisArgument[];
}

/**
 * One node of a cluster, over a plain client that follows no redirection. Scripts run as a user who may touch the declared
 * keys and publish to the log's channel, and nothing else: Redis itself reports every key that was not declared, also
 * one in the same slot.
 */
export class ClusterNode {
  readonly #admin: Client;
  readonly #declared: Client;
  readonly #user: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(admin: Client, declared: Client, user: string) {
    this.#admin = admin;
    this.#user = user;
    this.#declared = declared;
  }

  call(args: readonly string[]): Promise<unknown> {
    return this.#admin.sendCommand([...args]);
  }

  /** One after the other, because the user's rights are those of one run. */
  run(script: ScriptRun): Promise<unknown> {
    const result = this.#turn.then(() => this.#run(script));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #run({ lua, keys, args }: ScriptRun): Promise<unknown> {
    const rights = keys.map((key) => `~${key}`);
    const channels = [...new Set(keys.map((key) => `&${key.slice(0, key.indexOf('}') + 1)}:live`))];
    await this.call(['ACL', 'SETUSER', this.#user, ...RESET, ...rights, ...channels]);
    return this.#declared.sendCommand(['EVAL', lua, String(keys.length), ...keys, ...args]);
  }
}

const RESET = ['reset', 'on', 'nopass', 'resetchannels', '+@all'];

export async function clusterNode(redis: TestRedis): Promise<ClusterNode> {
  const { url } = redis;
  // Of its own: another node object's run would take these rights away in between.
  const user = `declared-${randomUUID()}`;
  await redis.cli('ACL', 'SETUSER', user, ...RESET);
  const clients = [
    createClient({ url, RESP: 3 }),
    createClient({ url, RESP: 3, username: user, password: 'any' }),
  ];
  for (const client of clients) {
    client.on('error', () => undefined);
    await client.connect();
    onTestFinished(() => client.destroy());
  }
  return new ClusterNode(clients[0] as Client, clients[1] as Client, user);
}
