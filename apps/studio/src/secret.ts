import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from './environment.ts';

/** The key of the sessions' hashes: SESSION_SECRET, or on loopback one that is made once in the data folder, mode 0600. */
export async function sessionSecret({ sessionSecret: given, dataDir }: Environment): Promise<Uint8Array> {
  if (given !== undefined) return Buffer.from(given);
  const file = join(dataDir, 'session-secret');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    // Exclusive, so that two processes starting at once agree on the one that came first.
    await writeFile(file, randomBytes(48).toString('base64'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return await readFile(file);
}
