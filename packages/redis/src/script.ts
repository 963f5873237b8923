import { createHash } from 'node:crypto';

/** A Lua script, run by its SHA-1 (EVALSHA) and sent whole only where the server does not know it. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
}

/** Declares a Lua script. Every key it touches is passed in KEYS and lies in one slot. */
export function defineScript(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}
