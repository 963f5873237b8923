import type { MessagesPage } from '../../src/client/index.ts';
import { type ChatMessage, createRunMapper, type EventFrame } from '../../src/protocol/index.ts';
import { foldChunks } from './fold.ts';
import type { PeerLog } from './peer-log.ts';

/** PROTOCOL.md §3.5: the messages of ended runs and those that wait, and the last position without an active run. */
export async function historyOf(log: PeerLog): Promise<MessagesPage> {
  const { seq, chain } = attachPoint(log);
  const before = log.events.filter((event) => event.seq <= seq);
  const messages: ChatMessage[] = [];
  const waiting: { id: string; run: string }[] = [];
  for (const { run, data, at } of before) {
    if (run === undefined || !('type' in data) || data.type !== 'user-message') continue;
    const parts = data.parts.map(({ text }) => ({ type: 'text' as const, text }));
    messages.push({ id: data.id, role: 'user', parts, metadata: { run, at } });
    const rest = before.filter((event) => event.run === run && event.seq > 0 && !isUserMessage(event));
    const mapper = createRunMapper();
    const answer = await foldChunks(rest.flatMap((event) => mapper(event)));
    if (answer === undefined) waiting.push({ id: data.id, run });
    else messages.push(answer);
  }
  return { messages, seq, chain, waiting };
}

function attachPoint(log: PeerLog): { seq: number; chain: string } {
  let point = log.start;
  let active: string | undefined;
  for (const event of log.events) {
    if (!isUserMessage(event)) active = event.run;
    if ('type' in event.data && event.data.type === 'run-ended') active = undefined;
    if (active === undefined) point = { seq: event.seq, chain: event.chain };
  }
  return point;
}

function isUserMessage({ data }: EventFrame): boolean {
  return 'type' in data && data.type === 'user-message';
}
