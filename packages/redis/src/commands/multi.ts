import { createClient, ErrorReply, type RedisClientType } from 'redis';
import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';

/** A typed chain of commands: `multi().set(…).incr(…).exec()`. */
export type Multi = ReturnType<RedisClientType['multi']>;

type Queue = readonly { readonly args: readonly RedisArgument[] }[];

export interface MultiOptions {
  /** Sends commands in one go; resolves with all replies. */
  readonly batch: (commands: readonly (readonly RedisArgument[])[]) => Promise<unknown>;
  /** Sends one command. */
  readonly send: (args: readonly RedisArgument[]) => Promise<unknown>;
}

type MultiClass = new (...args: unknown[]) => object;
let DriverMulti: MultiClass | undefined;

/** Made by the driver's factory together with its client's class. */
function multiOfDriver(): MultiClass {
  return (createClient() as unknown as { readonly Multi: MultiClass }).Multi;
}

/** `exec()` runs the chain as one transaction, `execAsPipeline()` as single commands that are sent together. */
export function typedMulti({ batch, send }: MultiOptions): Multi {
  DriverMulti ??= multiOfDriver();
  const transaction = async (queue: Queue): Promise<unknown> => {
    const replies = (await batch([['MULTI'], ...queue.map(({ args }) => args), ['EXEC']])) as unknown[];
    const results = replies.at(-1) as unknown[];
    const failure = results.find((result) => result instanceof ErrorReply);
    if (failure !== undefined) throw partlyApplied(failure);
    return results;
  };
  const pipeline = (queue: Queue): Promise<unknown> => Promise.all(queue.map(({ args }) => send(args)));
  return new DriverMulti(transaction, pipeline, undefined) as unknown as Multi;
}

/** A command of a transaction that fails when it is executed does not undo the others (Redis, "Transactions"). */
function partlyApplied(failure: ErrorReply): RedisManagerError {
  return new RedisManagerError(
    `A command of the transaction failed, the others were applied: ${failure.message.split(' ')[0]}`,
    {
      code: 'reply-error',
      retryable: false,
      applied: 'yes',
    },
  );
}
