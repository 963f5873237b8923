import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { TestkitError } from './errors.ts';
import { atTeardown } from './teardown.ts';
import { unwatch, watch } from './watcher.ts';

export interface ProcessOptions {
  /** @default the test's own folder */
  readonly cwd?: string;
  /** The whole environment. @default the test's own, without REDIS_URL */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Starts a program that ends with the test. Do not start in a test what later tests need. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): TestProcess {
  const started = new TestProcess(command, args, options);
  atTeardown(() => started.kill().then(() => undefined));
  return started;
}

/** A real process, which never outlives the process that started it. */
export class TestProcess {
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  #output = '';
  #ended = false;

  constructor(command: string, args: readonly string[], { cwd, env = process.env }: ProcessOptions = {}) {
    // A developer's or operator's Redis is never a test's Redis.
    const { REDIS_URL: _, ...own } = process.env;
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: env === process.env ? own : env,
      ...(cwd !== undefined && { cwd }),
    });
    if (this.#child.pid !== undefined) watch(`process ${this.#child.pid}`);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.exit = this.#untilExit();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** All that it wrote so far, both streams. */
  output(): string {
    return this.#output;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#ended) this.#child.kill(signal);
  }

  /** Ends it by a signal and waits until it is gone. A frozen process dies of SIGKILL only. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.signal(signal);
    return this.exit;
  }

  /** Asks it to end, thawing it first, and waits; what has not ended by then is killed, and that is an error. */
  async stop({ timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {}): Promise<Exit> {
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.signal('SIGKILL');
    }, timeoutMs);
    const exit = await this.exit.finally(() => clearTimeout(timer));
    if (!late) return exit;
    const said = this.#output.slice(-500);
    throw new TestkitError('not-stopped', `process ${this.pid} ignored SIGTERM for ${timeoutMs} ms: ${said}`);
  }

  async #untilExit(): Promise<Exit> {
    try {
      const [code, signal] = (await once(this.#child, 'exit')) as [Exit['code'], Exit['signal']];
      await this.#drain();
      return { code, signal };
    } catch (error) {
      // The program is not there, or may not be run.
      this.#output += String(error);
      return { code: -1, signal: null };
    } finally {
      this.#ended = true;
      unwatch(`process ${this.pid}`);
    }
  }

  /** Its last words; a detached child of it may hold the pipes open for ever, so they are not waited for long. */
  async #drain(): Promise<void> {
    const { stdout, stderr } = this.#child;
    const streams = [stdout, stderr].filter((stream) => stream !== null && !stream.closed);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), 200);
    await Promise.allSettled(
      streams.map((stream) => stream && once(stream, 'close', { signal: limit.signal })),
    );
    clearTimeout(timer);
    for (const stream of streams) if (stream && !stream.closed) stream.destroy();
  }
}
