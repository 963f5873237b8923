import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atTeardown } from './teardown.ts';
import { endNow, watch } from './watcher.ts';

/** A new empty folder. After the test it is removed, and a detached Redis server that lives in it is ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'taproot-test-'));
  watch(`folder ${folder}`);
  atTeardown(() => endNow(`folder ${folder}`));
  return folder;
}
