interface DriverError extends Error {
  command?: { readonly name?: string; readonly args?: unknown };
  readonly lastNodeError?: unknown;
  readonly previousErrors?: readonly unknown[];
}

/**
 * Takes the arguments of commands out of a driver's error, before a library logs it: ioredis keeps them in `command.args`,
 * those of AUTH included, and Redis quotes those of a command that it does not know.
 */
export function redact(error: unknown): void {
  if (!(error instanceof Error)) return;
  const given = error as DriverError;
  if (given.command?.args !== undefined) given.command = { ...given.command, args: [] };
  if (QUOTED.test(given.message)) {
    const quoted = QUOTED.exec(given.message)?.[0] ?? '';
    given.stack = (given.stack ?? '').replace(quoted, '');
    given.message = given.message.replace(quoted, '');
  }
  for (const inner of [given.lastNodeError, given.cause, ...(given.previousErrors ?? [])]) redact(inner);
}

const QUOTED = /,? with args beginning with:.*$/s;
