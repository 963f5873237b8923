/** A setting that cannot be used; its message is for the operator. */
export class EnvironmentError extends Error {
  readonly code = 'invalid-environment';

  constructor(message: string) {
    super(message);
    this.name = 'EnvironmentError';
  }
}
