import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atTeardown } from './teardown.ts';
import { unwatch, watch } from './watcher.ts';

/** A new empty folder, removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'taproot-test-'));
  watch(`folder ${folder}`);
  atTeardown(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    unwatch(`folder ${folder}`);
  });
  return folder;
}
