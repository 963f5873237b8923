import type {
  AttachedFrame,
  ClientFrame,
  CommandFrame,
  ErrorFrame,
  EventFrame,
  Limits,
  RunOutcome,
  StoppedFrame,
} from '../protocol/index.ts';
import { ChatClientError, errorOf } from './errors.ts';
import { type Acceptance, Outgoing } from './outgoing.ts';
import type { OutboxEntry, PendingCommand } from './types.ts';

export interface OutboxOptions {
  /** False while there is no socket; then nothing is sent. */
  readonly send: (frame: ClientFrame) => boolean;
  readonly limits: () => Limits | undefined;
  /** Without an answer for this long, a message is sent again. */
  readonly answerMs: number;
  readonly onChange: (entries: readonly OutboxEntry[]) => void;
}

/** Accepted messages that are kept; those of threads that nobody looks at would stay for ever. */
const MAX_ACCEPTED = 100;
/** PROTOCOL.md §11, `internal`. */
const MAX_INTERNAL_ERRORS = 5;
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
    const known = this.#messages.find((one) => isSame(one, message));
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

  discard(id: string): void {
    for (const message of this.#messages.filter((one) => one.id === id)) this.#giveUp(message);
  }

  socketReady(): void {
    for (const message of this.#unaccepted())
      if (message.phase !== 'queued') message.requeue(message.phase === 'sent');
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
    const message = this.#messages.find(
      (one) => one.id === id && one.thread === thread && one.command.type !== 'stop',
    );
    if (message === undefined || message.phase === 'refused') return;
    message.accept(acceptance);
    const kept = this.#messages.filter(({ phase }) => phase === 'accepted');
    const tooMany = new Set(kept.slice(0, Math.max(0, kept.length - MAX_ACCEPTED)));
    this.#messages = this.#messages.filter((one) => !tooMany.has(one));
    this.#flush();
  }

  stopped({ thread, run, outcome, id }: StoppedFrame): void {
    this.#settleStops(thread, run, outcome, id);
    this.#flush();
  }

  event({ thread, seq, run, data }: EventFrame): void {
    if (run === undefined || !('type' in data)) return;
    if (data.type === 'user-message' || data.type === 'run-requested')
      this.accepted(thread, data.id, { seq, run });
    if (data.type !== 'run-ended') return;
    this.#settleStops(thread, run, data.outcome);
    this.#messages = this.#messages.filter((one) => one.thread !== thread || one.acceptance?.run !== run);
    this.#changed();
  }

  /** What a reset covers may be lost; sending it again under the same id is safe either way. */
  reset({ thread, seq }: AttachedFrame): void {
    for (const message of this.#messages) {
      const covered =
        message.thread === thread && message.phase === 'accepted' && (message.acceptance?.seq ?? 0) > seq;
      if (covered) message.requeue(true);
    }
    this.#flush();
  }

  /** True if the error was about one of these messages. */
  error(frame: ErrorFrame): boolean {
    const message = this.#messages.find(({ id, phase }) => id === frame.ref && phase === 'sent');
    if (message === undefined) return false;
    if (frame.code === 'internal') message.internalErrors++;
    const lasting = message.internalErrors > MAX_INTERNAL_ERRORS;
    const known =
      frame.code === 'redis-unavailable' || frame.code === 'queue-full' || frame.code === 'internal';
    // An unknown code with a time to wait is from a newer server (PROTOCOL.md §11).
    if (!lasting && (known || frame.retryAfterMs !== undefined)) this.#delay(message, frame);
    else this.#refuse(message, errorOf(frame));
    this.#flush();
    return true;
  }

  threadDeleted(thread: string): void {
    const error = new ChatClientError('not-found', 'The thread was deleted', { applied: 'no' });
    this.#drop((message) => message.thread === thread, error);
  }

  close(): void {
    this.#drop(() => true, new ChatClientError('closed', 'The chat client was closed'));
  }

  #unaccepted(): Outgoing[] {
    return this.#messages.filter((message) => message.unaccepted);
  }

  #delay(message: Outgoing, frame: ErrorFrame): void {
    message.waitFor('delayed', frame.retryAfterMs ?? DEFAULT_WAIT_MS, () => this.#again(message, false));
    message.failures++;
    message.error = errorOf(frame);
  }

  #again(message: Outgoing, failed: boolean): void {
    message.requeue(failed);
    this.#flush();
  }

  #flush(): void {
    const busy = new Set<string>();
    for (const message of this.#unaccepted()) {
      if (message.urgent) {
        if (message.phase === 'queued' && !this.#held(message)) this.#transmit(message);
        continue;
      }
      if (busy.has(message.thread)) continue;
      if (message.phase !== 'queued' || this.#transmit(message)) busy.add(message.thread);
    }
    this.#changed();
  }

  /** False if the message is settled, so that the next one of its thread may go. */
  #transmit(message: Outgoing): boolean {
    const { text, command: frame } = message;
    const limits = this.#options.limits();
    // The second would end the socket; escaped control characters can make a frame six times its text.
    if (
      limits &&
      (bytesOf(text) > limits.maxTextBytes || bytesOf(JSON.stringify(frame)) > limits.maxFrameBytes)
    ) {
      message.refuse(
        new ChatClientError('too-large', `At most ${limits.maxTextBytes} bytes`, { applied: 'no' }),
      );
      return false;
    }
    if (this.#options.send(frame)) {
      message.waitFor('sent', this.#options.answerMs, () => this.#again(message, true));
    }
    return true;
  }

  /** The server knows a message only once it has accepted it; then nothing can come after its stop. */
  #held({ thread, command }: Outgoing): boolean {
    if (command.type !== 'stop' || command.id === undefined) return false;
    return this.#unaccepted().some((one) => !one.urgent && one.thread === thread && one.id === command.id);
  }

  #settleStops(thread: string, run: string, outcome: RunOutcome, id?: string): void {
    const ids = this.#messages.flatMap((one) => (one.acceptance?.run === run ? one.id : []));
    for (const message of this.#messages) {
      const { command } = message;
      if (command.type !== 'stop' || command.thread !== thread) continue;
      const named = command.id !== undefined && (command.id === id || ids.includes(command.id));
      if (named || command.run === run) message.accept({ seq: 0, run, outcome });
    }
    this.#messages = this.#messages.filter(
      ({ command, phase }) => command.type !== 'stop' || phase !== 'accepted',
    );
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
    for (const message of this.#messages.filter(which))
      if (message.phase !== 'accepted') message.refuse(error);
    this.#messages = this.#messages.filter((message) => !which(message));
    this.#flush();
  }

  #changed(): void {
    const entries = this.#messages.flatMap((message) => message.entry ?? []);
    if (JSON.stringify(entries) === JSON.stringify(this.#entries)) return;
    this.#entries = entries;
    this.#options.onChange(entries);
  }
}

function isSame(one: Outgoing, other: Outgoing): boolean {
  const stops = one.command.type === 'stop';
  return one.thread === other.thread && one.id === other.id && stops === (other.command.type === 'stop');
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function aborted(): ChatClientError {
  return new ChatClientError('aborted', 'The message was given up');
}
