import { join } from 'node:path';
import { TestkitError } from './errors.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { TestProcess } from './process.ts';
import { redisCommand } from './redis-command.ts';
import { atTeardown } from './teardown.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface StartRedisOptions {
  /** 0 is a free one. @default 0 */
  readonly port?: number;
  /** More arguments of redis-server, e.g. `['--appendonly', 'yes']`. By default it keeps nothing on disk. */
  readonly args?: readonly string[];
  /** Folder of its data. @default a temporary one */
  readonly dir?: string;
  /** Also listens on `<dir>/redis.sock`. @default false */
  readonly unixSocket?: boolean;
}

/** Starts a real server on loopback. `REDIS_SERVER_BIN` picks the program. */
export async function startRedis(options: StartRedisOptions = {}): Promise<TestRedis> {
  const dir = options.dir ?? temporaryFolder();
  const redis = new TestRedis({
    port: options.port || (await freePort()),
    dir,
    args: options.args ?? [],
    ...(options.unixSocket && { socketPath: join(dir, 'redis.sock') }),
  });
  atTeardown(() => redis.kill());
  await redis.restart();
  return redis;
}

interface Place {
  readonly port: number;
  readonly dir: string;
  readonly args: readonly string[];
  readonly socketPath?: string;
}

/** A real Redis server in a process of its own. */
export class TestRedis {
  readonly port: number;
  readonly dir: string;
  /** Its Unix socket, if one was asked for. */
  readonly socketPath: string | undefined;
  readonly #args: readonly string[];
  #process: TestProcess | undefined;

  constructor({ port, dir, args, socketPath }: Place) {
    this.port = port;
    this.dir = dir;
    this.socketPath = socketPath;
    this.#args = [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir],
      ...['--save', '', '--daemonize', 'no'],
      ...(socketPath === undefined ? [] : ['--unixsocket', socketPath]),
      ...args,
    ];
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** What the present process wrote to its log. */
  output(): string {
    return this.#process?.output() ?? '';
  }

  /** Kills the server if it runs, starts it on the same port and folder, and waits until it accepts connections. */
  async restart(): Promise<void> {
    await this.kill();
    const program = process.env.REDIS_SERVER_BIN || 'redis-server';
    const server = new TestProcess(program, this.#args);
    this.#process = server;
    const ready = (): boolean => /Ready to accept connections/i.test(server.output());
    await eventually(() => {
      if (!ready() && !server.ended) throw new TestkitError('not-started', `${program} is not ready yet`);
    });
    if (ready()) return;
    throw new TestkitError('not-started', `${program} ended: ${server.output().slice(-500)}`);
  }

  /** Ends it by a signal and waits until it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
  }

  /** SIGSTOP: it keeps its sockets and answers nothing. */
  freeze(): void {
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process?.signal('SIGCONT');
  }

  /** Asks it to end and waits. */
  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** One command over a connection of its own, for oracles: a string as it is, nil as '', other replies as JSON. */
  cli(...args: string[]): Promise<string> {
    return redisCommand(this.port, args);
  }
}
