import type { LogEvent } from '@taproot/chat/protocol';
import { expect } from 'vitest';
import type { Logged } from './deployment.ts';

type Request = Extract<LogEvent, { type: 'user-message' | 'run-requested' }>;
type Told = Exclude<LogEvent, Request>;

interface Turn {
  readonly message: string;
  readonly run: string;
}

/** What a log may say, event by event: the simplest thing that keeps PROTOCOL.md §9.3 and §10. */
export class LogModel {
  /** Messages that stand, with the run that answers each. */
  turns: Turn[] = [];
  /** Open runs, in the order in which they were asked for. */
  readonly open: string[] = [];
  readonly outcomes = new Map<string, string>();
  /** By the id of a command. */
  readonly commands = new Map<string, { readonly seq: number; readonly run: string }>();
  readonly answers = new Map<string, { readonly seq: number; readonly approve: boolean }>();
  readonly #asked = new Set<string>();

  take({ seq, run, event }: Logged): void {
    if (event.type === 'user-message' || event.type === 'run-requested') this.#request(seq, run, event);
    else this.#told(seq, run, event);
  }

  #told(seq: number, run: string, event: Told): void {
    expect([event.type, this.open.includes(run)]).toEqual([event.type, true]);
    if (event.type === 'run-ended') {
      this.open.splice(this.open.indexOf(run), 1);
      this.outcomes.set(run, event.outcome);
      return;
    }
    // One run after the other: only the oldest open one says anything.
    expect(this.open[0]).toBe(run);
    if (event.type === 'tool_waiting') {
      expect(this.#asked.has(`${run} ${event.callId}`)).toBe(false);
      this.#asked.add(`${run} ${event.callId}`);
    }
    if (event.type === 'tool_answered') {
      expect(this.#asked.has(`${run} ${event.callId}`)).toBe(true);
      expect(this.answers.has(`${run} ${event.callId}`)).toBe(false);
      this.answers.set(`${run} ${event.callId}`, { seq, approve: event.approve });
    }
  }

  #request(seq: number, run: string, event: Request): void {
    expect(this.commands.has(event.id)).toBe(false);
    expect(this.outcomes.has(run) || this.open.includes(run)).toBe(false);
    this.commands.set(event.id, { seq, run });
    const of = event.type === 'run-requested' ? event.of : event.supersedes;
    if (of !== undefined) {
      expect(this.open).toEqual([]);
      const index = this.turns.findIndex(({ message }) => message === of);
      expect(index).toBeGreaterThanOrEqual(0);
      if (event.type === 'run-requested') expect(event.supersedes).toBe(this.turns[index]?.run);
      this.turns = this.turns.slice(0, index);
    }
    this.turns.push({ message: event.type === 'run-requested' ? event.of : event.id, run });
    this.open.push(run);
    // One runs, and eight wait.
    expect(this.open.length).toBeLessThanOrEqual(9);
  }
}
