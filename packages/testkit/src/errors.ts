/** What the test kit could not do. */
export class TestkitError extends Error {
  readonly code: 'not-started' | 'not-stopped' | 'not-true' | 'no-answer' | 'no-port';

  constructor(code: TestkitError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TestkitError';
    this.code = code;
  }
}
