import type {
  AttachedFrame,
  ClientFrame,
  CommandFrame,
  ErrorFrame,
  EventFrame,
  Limits,
  StoppedFrame,
} from '../protocol/index.ts';
import { ChatClientError, errorOf } from './errors.ts';
import { type Acceptance, Outgoing } from './outgoing.ts';
import { isProvisional } from './provisional.ts';
import { isHeld, settleStops } from './stops.ts';
import type { KeptCommand } from './storage.ts';
import type { OutboxEntry, PendingCommand } from './types.ts';

export interface OutboxOptions {
  /** False while there is no socket; then nothing is sent. */
  readonly send: (frame: ClientFrame) => boolean;
  readonly limits: () => Limits | undefined;
  /** Without an answer for this long, a message is sent again. */
  readonly answerMs: number;
  /** Makes the thread of messages that have none yet; then `moved` is called, or one of the failures. */
  readonly createThread: (provisional: string) => void;
  readonly onChange: (entries: readonly OutboxEntry[]) => void;
  /** What is to outlive the page, after each change. */
  readonly keep: (messages: readonly Outgoing[]) => void;
}

/** Accepted messages that are kept; those of threads that nobody looks at would stay for ever. */
const MAX_ACCEPTED = 100;
const DEFAULT_WAIT_MS = 1_000;

/**
 * The user's commands until their runs have ended (PROTOCOL.md §8.5). Of each thread only the oldest unaccepted message is
 * on its way, so that no failure can change their order; stops and answers do not wait for messages.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #messages: Outgoing[] = [];
  #entries: readonly OutboxEntry[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get entries(): readonly OutboxEntry[] {
    return this.#entries;
  }

  add(command: CommandFrame, signal: AbortSignal | undefined): PendingCommand {
    const message = new Outgoing(command);
    const known = this.#messages.find((one) => one.isSame(message));
    if (known !== undefined && JSON.stringify(known.command) === JSON.stringify(command)) return known;
    if (known !== undefined)
      message.refuse(new ChatClientError('id-reused', 'This id has another content', { applied: 'no' }));
    if (signal?.aborted) message.refuse(aborted());
    if (message.phase === 'refused') return message;
    this.#messages.push(message);
    const giveUp = (): void => this.#giveUp(message);
    const settled = (): void => signal?.removeEventListener('abort', giveUp);
    signal?.addEventListener('abort', giveUp);
    message.accepted.then(settled, settled);
    this.#flush();
    return message;
  }

  /** What was given earlier goes before what was given since. */
  restore(kept: readonly KeptCommand[]): void {
    const messages = kept.map((one) => new Outgoing(one.command, one));
    const missing = messages.filter(
      (message) => !this.#messages.some((one) => one.key === message.key || one.isSame(message)),
    );
    this.#messages = [...this.#messages, ...missing].sort((one, other) => one.order - other.order);
    this.#flush();
  }

  /** Takes out what belongs to somebody else, together with what was accepted. */
  setAside(isForeign: (message: Outgoing) => boolean): void {
    this.#drop(isForeign, new ChatClientError('other-user', 'Another user signed in'));
  }

  /** The thread was made: `told` is called before listeners see it; nothing is sent before what it returns has resolved. */
  async moved(provisional: string, thread: string, told: () => Promise<void>): Promise<void> {
    for (const message of this.#of(provisional)) message.moveTo(thread);
    let stored = Promise.resolve();
    this.#changed(() => {
      stored = told();
    });
    await stored;
    for (const message of this.#of(thread)) message.letGo();
    this.#flush();
  }

  notMoved(provisional: string, error: ChatClientError): void {
    for (const message of this.#of(provisional)) message.failed(error);
    this.#flush();
  }

  refuseThread(thread: string, error: ChatClientError): void {
    for (const message of this.#of(thread)) if (message.unaccepted) message.refuse(error);
    this.#messages = this.#messages.filter(
      (one) => one.thread !== thread || (one.phase === 'refused' && one.text !== ''),
    );
    this.#flush();
  }

  discard(id: string): void {
    for (const message of this.#messages.filter((one) => one.id === id)) this.#giveUp(message);
  }

  socketReady(): void {
    for (const message of this.#unaccepted()) {
      if (message.phase === 'sent' || message.phase === 'delayed') message.requeue(message.phase === 'sent');
    }
    this.#flush();
  }

  socketLost(): void {
    for (const message of this.#unaccepted()) if (message.phase === 'sent') message.requeue(true);
    this.#changed();
  }

  /** Redis is back: what was put off because of it is sent at once. */
  redisReady(): void {
    for (const message of this.#unaccepted()) if (message.phase === 'delayed') message.requeue(false);
    this.#flush();
  }

  /** By an `accepted` frame, or by the event of the message itself, which may come first. */
  accepted(thread: string, id: string, acceptance: Acceptance): void {
    const message = this.#of(thread).find((one) => one.id === id && one.command.type !== 'stop');
    if (message === undefined || message.phase === 'refused') return;
    message.accept(acceptance);
    const kept = this.#messages.filter(({ phase }) => phase === 'accepted');
    const [oldest] = kept.length > MAX_ACCEPTED ? kept : [];
    this.#messages = this.#messages.filter((one) => one !== oldest);
    this.#flush();
  }

  stopped(frame: StoppedFrame): void {
    this.#messages = settleStops(this.#messages, frame);
    this.#flush();
  }

  event({ thread, seq, run, data }: EventFrame): void {
    if (run === undefined || !('type' in data)) return;
    if (data.type === 'user-message' || data.type === 'run-requested')
      this.accepted(thread, data.id, { seq, run });
    if (data.type !== 'run-ended') return;
    this.#messages = settleStops(this.#messages, { thread, run, outcome: data.outcome });
    this.#messages = this.#messages.filter((one) => one.thread !== thread || one.acceptance?.run !== run);
    this.#changed();
  }

  /** What a reset covers may be lost; sending it again under the same id is safe either way. Without a frame: of all threads. */
  reset(frame?: Pick<AttachedFrame, 'thread' | 'seq'>): void {
    for (const message of this.#messages) {
      const { phase, thread, acceptance } = message;
      const covered = frame === undefined || (frame.thread === thread && (acceptance?.seq ?? 0) > frame.seq);
      if (phase === 'accepted' && covered) message.requeue(true);
    }
    this.#flush();
  }

  /** True if the error was about one of these messages. */
  error(frame: ErrorFrame): boolean {
    const message = this.#messages.find(({ id, phase }) => id === frame.ref && phase === 'sent');
    if (message === undefined) return false;
    if (message.mayPass(frame)) this.#delay(message, frame);
    else this.#refuse(message, errorOf(frame));
    this.#flush();
    return true;
  }

  close(): void {
    this.#drop(() => true, new ChatClientError('closed', 'The chat client was closed'));
  }

  #of(thread: string): Outgoing[] {
    return this.#messages.filter((message) => message.thread === thread);
  }

  #unaccepted(): Outgoing[] {
    return this.#messages.filter((message) => message.unaccepted);
  }

  #delay(message: Outgoing, frame: ErrorFrame): void {
    message.waitFor('delayed', frame.retryAfterMs ?? DEFAULT_WAIT_MS, () => this.#flush());
    message.failed(errorOf(frame));
  }

  #flush(): void {
    const busy = new Set<string>();
    for (const message of this.#unaccepted()) {
      if (message.urgent) {
        if (message.phase === 'queued' && !isHeld(message, this.#unaccepted())) this.#transmit(message);
        continue;
      }
      if (busy.has(message.thread)) continue;
      if (message.phase !== 'queued' || this.#transmit(message)) busy.add(message.thread);
    }
    this.#changed();
  }

  /** False if the message is settled, so that the next one of its thread may go. */
  #transmit(message: Outgoing): boolean {
    const limits = this.#options.limits();
    if (limits && message.isOver(limits)) {
      const most = `At most ${limits.maxTextBytes} bytes`;
      message.refuse(new ChatClientError('too-large', most, { applied: 'no' }));
      return false;
    }
    if (isProvisional(message.thread)) this.#options.createThread(message.thread);
    else if (this.#options.send(message.command)) {
      message.waitFor('sent', this.#options.answerMs, () => this.#flush());
    }
    return true;
  }

  /** What was typed stays to be seen; of anything else its caller is told. */
  #refuse(message: Outgoing, error: ChatClientError): void {
    message.refuse(error);
    if (message.text === '') this.#messages = this.#messages.filter((one) => one !== message);
  }

  #giveUp(message: Outgoing): void {
    if (message.phase !== 'accepted') this.#drop((one) => one === message, aborted());
  }

  #drop(which: (message: Outgoing) => boolean, error: ChatClientError): void {
    const dropped = new Set(this.#messages.filter(which));
    for (const message of dropped) if (message.phase !== 'accepted') message.refuse(error);
    this.#messages = this.#messages.filter((message) => !dropped.has(message));
    this.#flush();
  }

  #changed(first: () => void = () => undefined): void {
    this.#options.keep(this.#messages.filter(({ phase }) => phase !== 'accepted'));
    const entries = this.#messages.flatMap((message) => message.entry ?? []);
    const same = JSON.stringify(entries) === JSON.stringify(this.#entries);
    if (!same) this.#entries = entries;
    first();
    if (!same) this.#options.onChange(entries);
  }
}

function aborted(): ChatClientError {
  return new ChatClientError('aborted', 'The message was given up');
}
