import { RedisManagerError } from '../errors.ts';

/** `version-conflict`: the document is not at the version that the write was made for. */
export class VersionConflictError extends RedisManagerError {
  /** The version that it is at; 0: there is no document. */
  readonly currentVersion: number;

  constructor(currentVersion: number) {
    super('The document was changed meanwhile', {
      code: 'version-conflict',
      retryable: false,
      applied: 'no',
    });
    this.name = 'VersionConflictError';
    this.currentVersion = currentVersion;
  }
}
