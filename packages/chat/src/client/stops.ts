import type { RunOutcome } from '../protocol/index.ts';
import type { Outgoing } from './outgoing.ts';

/** How a run ended, as told by `stopped` or by its `run-ended`. */
export interface RunEnd {
  readonly thread: string;
  readonly run: string;
  readonly outcome: RunOutcome;
  /** The message id that the stop named. */
  readonly id?: string;
}

/** The server knows a message only once it has accepted it; then nothing can come after its stop. */
export function isHeld({ thread, command }: Outgoing, unaccepted: readonly Outgoing[]): boolean {
  if (command.type !== 'stop' || command.id === undefined) return false;
  return unaccepted.some((one) => !one.urgent && one.thread === thread && one.id === command.id);
}

/** Settles the stops of a run that has ended, and returns what is left. */
export function settleStops(messages: readonly Outgoing[], end: RunEnd): Outgoing[] {
  const { thread, run, outcome } = end;
  const ids = messages.flatMap(({ acceptance, id }) => (acceptance?.run === run ? id : []));
  for (const message of messages) {
    const { command } = message;
    if (command.type !== 'stop' || command.thread !== thread) continue;
    const named = command.id !== undefined && (command.id === end.id || ids.includes(command.id));
    if (named || command.run === run) message.accept({ seq: 0, run, outcome });
  }
  return messages.filter(({ command, phase }) => command.type !== 'stop' || phase !== 'accepted');
}
