import { createHash } from 'node:crypto';

/** A Lua script, run by its SHA-1 (EVALSHA) and sent whole only where the server does not know it. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
  /** Its keys may lie in several slots where there is one server; on a Cluster that fails. @default false */
  readonly severalSlots?: boolean;
}

/** Declares a Lua script. Every key it touches is passed in KEYS and lies in one slot. */
export function defineScript(
  name: string,
  lua: string,
  options: { readonly severalSlots?: boolean } = {},
): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex'), ...options };
}
