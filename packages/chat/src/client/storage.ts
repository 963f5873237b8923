import type { CommandFrame } from '../protocol/index.ts';
import type { ChatClientErrorCode } from './errors.ts';

/** A command of the user as a storage keeps it: plain data, made by the client alone. */
export interface KeptCommand {
  readonly key: string;
  /** The client that sends it. Another one takes it over when that is gone. */
  readonly owner: string;
  /** Id of the user who gave it, and nobody else is told of it; absent until the server has told who is signed in. */
  readonly user?: string;
  /** The tab it was given in: one without a user goes on in that tab only. */
  readonly tab: string;
  /** Grows with each command of a client; milliseconds since 1970, or a little more. */
  readonly order: number;
  readonly command: CommandFrame;
  /** Why it will not be sent; what was typed is kept until the user discards it. */
  readonly refusal?: { readonly code: ChatClientErrorCode; readonly message: string };
}

/**
 * Where commands outlive the page (PROTOCOL.md §8.5). A storage that fails is no error of the client's: it goes on in memory
 * and says so.
 */
export interface CommandStorage {
  /** All that is kept, of all users, in any order. */
  list(): Promise<readonly KeptCommand[]>;
  /** Puts and drops at once; calls take effect in their order. Resolves when it would outlive a crash of the page. */
  write(put: readonly KeptCommand[], drop: readonly string[]): Promise<void>;
  close(): void;
}

/** Whether what the user sends now outlives the page. */
export interface StorageState {
  readonly durable: boolean;
  /** Why not, where it should: the storage is full, forbidden or blocked. */
  readonly problem?: string;
}
