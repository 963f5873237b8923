/** A tool that failed, recorded in the log; an agent may catch it and go on. */
export class StepError extends Error {
  readonly code = 'step-failed';
  readonly tool: string;

  constructor(tool: string, message: string) {
    super(message);
    this.name = 'StepError';
    this.tool = tool;
  }
}

/** Ends a run before its agent is through; never seen by clients, who get `run-ended`. */
export class RunAborted extends Error {
  readonly code: 'fence' | 'deadline' | 'paused' | 'stopping' | 'nondeterministic' | 'waiting' | 'ended';

  constructor(code: RunAborted['code'], message: string) {
    super(message);
    this.name = 'RunAborted';
    this.code = code;
  }
}
