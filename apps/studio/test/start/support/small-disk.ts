import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@taproot/testkit';
import { onTestFinished } from 'vitest';

/** A file system of its own, of 8 MB. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves no byte free. */
  fill(): void;
  free(): void;
}

/** Undefined where this user may not mount one. `readOnly`: nothing can be written to it. */
export function smallDisk({ readOnly = false } = {}): SmallDisk | undefined {
  const folder = temporaryFolder();
  const options = `size=8m,mode=700,${readOnly ? 'ro' : 'rw'}`;
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  if (status !== 0) return undefined;
  const unmount = (): void => void spawnSync('umount', ['-l', folder]);
  process.once('exit', unmount);
  onTestFinished(() => {
    process.off('exit', unmount);
    unmount();
  });
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill: () => {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    },
    free: () => rmSync(ballast),
  };
}
