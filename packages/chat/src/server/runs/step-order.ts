import { createHash } from 'node:crypto';
import { ChatError } from '../errors.ts';
import type { Replay } from './replay.ts';
import { RunAborted } from './step-error.ts';

/** A step's stable names. */
export interface StepName {
  readonly stepKey: string;
  readonly callId: string;
}

/**
 * The order of a run's steps. A step's key is (kind, ordinal, hash of the input); a step that does not match the log ends
 * the run.
 */
export class StepOrder {
  readonly #run: string;
  readonly #replay: Replay;
  readonly #ordinals = new Map<string, number>();
  #index = 0;
  #left: number;
  #open: 'none' | 'steps' | 'model' = 'none';
  #steps = 0;

  constructor(run: string, replay: Replay) {
    this.#run = run;
    this.#replay = replay;
    const { completed, asked, answered } = replay;
    this.#left = new Set([...completed.keys(), ...asked.keys(), ...answered.keys()]).size;
  }

  /** Until every logged result and question was used, the agent only repeats what readers have. */
  get replaying(): boolean {
    return this.#left > 0;
  }

  /** Names the next step and checks that it is the one that the log has at its place. */
  next(kind: string, input: unknown): StepName {
    const stepKey = this.#key(kind, input);
    const callId = createHash('sha256').update(stepKey).digest('base64url').slice(0, 20);
    const { started, completed, asked, answered } = this.#replay;
    const expected = started[this.#index++];
    if (expected !== undefined && expected !== callId) {
      throw new RunAborted(
        'nondeterministic',
        `The step ${kind} does not match the one that the log has at its place`,
      );
    }
    if (completed.has(callId) || asked.has(callId) || answered.has(callId)) this.#left--;
    return { stepKey, callId };
  }

  /**
   * A step begins; the function that is returned ends it. What a model says stands from the next recorded result on, so
   * a result of another step in the middle of it would let a takeover say it twice.
   */
  open(kind: 'steps' | 'model'): () => void {
    if (this.#open !== 'none' && (kind === 'model' || this.#open === 'model'))
      throw new ChatError('internal', 'A model call and another step of the same run overlap');
    this.#open = kind;
    this.#steps++;
    return () => {
      this.#steps--;
      if (this.#steps === 0) this.#open = 'none';
    };
  }

  /** Steps that are under way. */
  get underWay(): number {
    return this.#steps;
  }

  #key(kind: string, input: unknown): string {
    const hash = createHash('sha256')
      .update(JSON.stringify(input ?? null))
      .digest('base64url');
    const same = `${kind}:${hash}`;
    const ordinal = (this.#ordinals.get(same) ?? 0) + 1;
    this.#ordinals.set(same, ordinal);
    return `${this.#run}:${kind}:${ordinal}:${hash.slice(0, 22)}`;
  }
}
