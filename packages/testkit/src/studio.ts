import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestkitError } from './errors.ts';
import { eventually } from './eventually.ts';
import { type Exit, TestProcess } from './process.ts';
import { studioEnvironment } from './studio-environment.ts';
import { atTeardown } from './teardown.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { endNow, watch } from './watcher.ts';

export interface StartStudioOptions {
  /** Only these settings hold; the developer's own (REDIS_URL, HOST, …) do not reach it. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default a temporary one */
  readonly dataDir?: string;
  /** 0 is a free one. @default 0 */
  readonly port?: number;
  /** `ready`: /readyz answers 200; `listening`: it told its URL; `none`: started. @default 'ready' */
  readonly waitFor?: 'ready' | 'listening' | 'none';
}

const ROOT = join(import.meta.dirname, '../../..');
const MAIN = join(ROOT, 'apps/studio/src/main.ts');
const START_MS = 30_000;

/** Starts the studio as its users do, in a process of its own. */
export async function startStudio(options: StartStudioOptions = {}): Promise<TestStudio> {
  const dataDir = options.dataDir ?? temporaryFolder();
  // A studio that is killed leaves its embedded server running, on purpose; it must not outlive the test. With a temporary
  // folder it does not.
  if (options.dataDir !== undefined) {
    watch(`redis ${dataDir}`);
    atTeardown(() => endNow(`redis ${dataDir}`));
  }
  const studio = new TestStudio({ ...options, dataDir });
  atTeardown(() => studio.kill().then(() => undefined));
  await studio.restart();
  return studio;
}

/** A studio in a real process. */
export class TestStudio {
  readonly dataDir: string;
  readonly #options: StartStudioOptions;
  #process: TestProcess | undefined;
  #url: string | undefined;

  constructor(options: StartStudioOptions & { readonly dataDir: string }) {
    this.#options = options;
    this.dataDir = options.dataDir;
  }

  /** As the studio printed it, e.g. `http://127.0.0.1:41234`. */
  get url(): string {
    if (this.#url === undefined) throw new TestkitError('not-started', `No URL yet: ${this.output()}`);
    return this.#url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** Of the embedded server of its data folder, if one was started there. It may have ended since. */
  get redisPid(): number | undefined {
    const file = join(this.dataDir, 'redis.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  }

  /** How the present process ends. */
  get exit(): Promise<Exit> {
    return this.#running.exit;
  }

  /** What the present process wrote, both streams. */
  output(): string {
    return this.#process?.output() ?? '';
  }

  /** Kills it if it runs, and starts it on the same data folder and the same port. */
  async restart(options: Pick<StartStudioOptions, 'env' | 'waitFor'> = {}): Promise<void> {
    await this.#process?.kill();
    const { env, waitFor = 'ready', port = 0 } = { ...this.#options, ...options };
    const settings = {
      PORT: String(this.#url === undefined ? port : this.port),
      TAPROOT_DATA: this.dataDir,
      ...env,
    };
    const running = new TestProcess(process.execPath, ['--conditions=@taproot/source', MAIN], {
      cwd: ROOT,
      env: studioEnvironment(process.env, settings),
    });
    this.#process = running;
    if (waitFor === 'none') return;
    await this.#untilAlive(running, () => this.#readUrl());
    if (waitFor === 'ready') await this.#untilAlive(running, () => this.#requireReady());
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    return this.#running.kill(signal);
  }

  /** SIGSTOP: it keeps its sockets and answers nothing. */
  freeze(): void {
    this.#running.signal('SIGSTOP');
  }

  thaw(): void {
    this.#running.signal('SIGCONT');
  }

  /** Ends it as an operator would, and waits until it is gone. */
  stop(): Promise<Exit> {
    return this.#running.stop();
  }

  get #running(): TestProcess {
    if (this.#process === undefined) throw new TestkitError('not-started', 'The studio was not started');
    return this.#process;
  }

  /** Waits for a sign of life, but not for one from a process that has ended. */
  async #untilAlive(running: TestProcess, sign: () => void | Promise<void>): Promise<void> {
    const ended = await eventually(() => running.ended || sign(), { timeoutMs: START_MS });
    if (ended === true)
      throw new TestkitError('not-started', `The studio ended: ${running.output().slice(-1000)}`);
  }

  #readUrl(): void {
    const url = /http:\/\/[^\s]+/.exec(this.output())?.[0];
    if (url === undefined) throw new TestkitError('not-started', `The studio told no URL: ${this.output()}`);
    this.#url = url.replace(/\/$/, '');
  }

  async #requireReady(): Promise<void> {
    const { status } = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2000) });
    if (status !== 200) throw new TestkitError('not-started', `/readyz answers ${status}: ${this.output()}`);
  }
}
