/** Why the set-up cannot go on: one sentence for whoever typed the command, and what to do. */
export class SetupError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}
