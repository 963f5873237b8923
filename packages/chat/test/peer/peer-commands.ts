import type { CommandFrame, LogEvent, ServerFrame } from '../../src/protocol/index.ts';
import type { Peer } from './peer.ts';

type Frame = Extract<CommandFrame, { type: 'stop' | 'edit' | 'regenerate' }>;

/** Does what a frame says, as the server would to a thread at rest (PROTOCOL.md §6.5, §6.6), and answers it. */
export function command(peer: Peer, frame: Frame): readonly ServerFrame[] {
  return frame.type === 'stop' ? stop(peer, frame) : request(peer, frame);
}

function request(peer: Peer, frame: Extract<Frame, { id: string; of: string }>): readonly ServerFrame[] {
  const { thread, id, of } = frame;
  const log = peer.log(thread);
  const known = log.sent.get(id);
  const text = frame.type === 'edit' ? (frame.text ?? '') : '';
  const sent = known ?? { text, seq: log.head.seq + 1, run: peer.newRun() };
  log.sent.set(id, sent);
  const event: LogEvent =
    frame.type === 'edit'
      ? { type: 'user-message', id, parts: [{ type: 'text', text }], supersedes: of }
      : { type: 'run-requested', id, of, supersedes: log.sent.get(of)?.run ?? '' };
  if (known === undefined) peer.append(thread, sent.run, event);
  return [{ type: 'accepted', thread, id, seq: sent.seq, run: sent.run }];
}

function stop(peer: Peer, { thread, run, id }: Extract<Frame, { type: 'stop' }>): readonly ServerFrame[] {
  const log = peer.log(thread);
  const found = run ?? log.sent.get(id ?? '')?.run;
  const ref = id ?? run ?? '';
  if (found === undefined || !log.events.some((event) => event.run === found))
    return [{ type: 'error', ref, code: 'unknown-target', message: 'no such run', applied: 'no' }];
  const ended = log.events.findLast(({ data, ...event }) => event.run === found && 'outcome' in data);
  if (ended === undefined) peer.append(thread, found, { type: 'run-ended', outcome: 'stopped' });
  const outcome = ended !== undefined && 'outcome' in ended.data ? ended.data.outcome : 'stopped';
  return [{ type: 'stopped', thread, run: found, outcome, ...(id !== undefined && { id }) }];
}
