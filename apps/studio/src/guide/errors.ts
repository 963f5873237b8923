/** What the guide itself can fail with; failures of Redis keep their own type. */
export type GuideErrorCode = 'unexpected-reply' | 'tool-failed' | 'docs-unreadable' | 'invalid-options';

export class GuideError extends Error {
  readonly code: GuideErrorCode;

  constructor(code: GuideErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GuideError';
    this.code = code;
  }
}
