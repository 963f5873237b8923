import type { ModelProblem } from '../../protocol/index.ts';

export interface ModelFailureOptions {
  /** Worth another attempt after so many ms; absent: not at all. */
  readonly retryInMs?: number;
  /** For the operator, who alone sees it: what the provider said, without secrets, bounded. */
  readonly detail?: string;
}

/** A model call that failed; its message is told to the user. */
export class ModelFailure extends Error {
  readonly code: ModelProblem['code'];
  readonly problem: ModelProblem;
  readonly retryInMs: number | undefined;
  readonly detail: string | undefined;

  constructor(problem: ModelProblem, { retryInMs, detail }: ModelFailureOptions = {}) {
    super(problem.message);
    this.name = 'ModelFailure';
    this.code = problem.code;
    this.problem = problem;
    this.retryInMs = retryInMs;
    this.detail = detail;
  }
}
