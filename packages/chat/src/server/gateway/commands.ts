import { Buffer } from 'node:buffer';
import type { CommandFrame, MessagePart, ServerFrame } from '../../protocol/index.ts';
import type { User } from '../agent.ts';
import { ChatError } from '../errors.ts';
import type { ChatLimits } from '../limits/index.ts';
import type { ThreadStore } from '../threads/store.ts';

/** Does what a command says; resolves with its answer (PROTOCOL.md §6.3, §6.5–§6.7). */
export async function perform(threads: ThreadStore, user: User, command: CommandFrame): Promise<ServerFrame> {
  const { thread } = command;
  switch (command.type) {
    case 'send': {
      const { id } = command;
      return { type: 'accepted', thread, id, ...(await threads.send(user, thread, id, contentOf(command))) };
    }
    case 'edit': {
      const { id, of } = command;
      const accepted = await threads.edit(user, thread, id, of, contentOf(command));
      return { type: 'accepted', thread, id, ...accepted };
    }
    case 'regenerate': {
      const { id, of } = command;
      return { type: 'accepted', thread, id, ...(await threads.regenerate(user, thread, id, of)) };
    }
    case 'stop': {
      const { id, run = '' } = command;
      const stopped = await threads.stop(user, thread, id === undefined ? { run } : { id });
      return { type: 'stopped', thread, ...stopped, ...(id !== undefined && { id }) };
    }
    case 'answer': {
      const { run, callId } = command;
      const { seq } = await threads.answer(user, thread, command);
      return { type: 'accepted', thread, id: callId, seq, run };
    }
  }
}

/** Checked before Redis is asked, so that a message that can never be stored is refused also while Redis is away. */
export function checkContent(
  command: CommandFrame,
  { maxTextBytes }: Pick<ChatLimits, 'maxTextBytes'>,
): void {
  if (command.type !== 'send' && command.type !== 'edit') return;
  const content = contentOf(command);
  const bytes = content.reduce((sum, part) => sum + Buffer.byteLength(part.text), 0);
  if (bytes > maxTextBytes) throw new ChatError('too-large', `A message may have ${maxTextBytes} bytes`);
  if (content.every((part) => part.text.trim() === ''))
    throw new ChatError('bad-frame', 'The message is empty');
}

/** Whether a command asks for a run. */
export function makesRun({ type }: CommandFrame): boolean {
  return type === 'send' || type === 'edit' || type === 'regenerate';
}

function contentOf({
  text,
  parts,
}: Extract<CommandFrame, { type: 'send' | 'edit' }>): readonly MessagePart[] {
  return parts ?? [{ type: 'text', text: text ?? '' }];
}
