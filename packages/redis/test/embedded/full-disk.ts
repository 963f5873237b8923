import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@taproot/testkit';
import { onTestFinished } from 'vitest';
import { command, killServers } from './setup.ts';

export interface FullDisk {
  readonly dataDir: string;
  /** Writes until the server ends. */
  readonly fill: (socketPath: string) => Promise<void>;
  readonly free?: () => void;
}

/** A file system of 4 MB; only root may mount one. */
export function smallFileSystem(): FullDisk {
  const dataDir = temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=700', 'tmpfs', dataDir]);
  const unmount = (): void => {
    // The test kit would not find it any more after this.
    killServers(dataDir);
    execFileSync('umount', ['-l', dataDir]);
  };
  process.once('exit', unmount);
  onTestFinished(() => {
    process.off('exit', unmount);
    unmount();
  });
  const ballast = join(dataDir, 'ballast');
  writeFileSync(ballast, Buffer.alloc(2 ** 21));
  return {
    dataDir,
    fill: async (socketPath) => {
      for (let n = 0; ; n++) await command(socketPath, 'SET', `filler${n}`, 'x'.repeat(100_000));
    },
    free: () => rmSync(ballast),
  };
}

/** The kinds of full disk that this user can make. */
export const FULL_DISKS: readonly (() => FullDisk)[] =
  process.geteuid?.() === 0 ? [smallFileSystem, fullDevice] : [fullDevice];

/** Redis' next append-only file is Linux' /dev/full, so it starts, and ends at its first write. */
export function fullDevice(): FullDisk {
  const dataDir = temporaryFolder();
  const place = join(dataDir, 'data', 'appendonlydir');
  mkdirSync(place, { recursive: true });
  symlinkSync('/dev/full', join(place, 'appendonly.aof.2.incr.aof'));
  let inUse = false;
  return {
    dataDir,
    fill: async (socketPath) => {
      // The next file begins with a rewrite, and stays the one in use.
      if (!inUse) await command(socketPath, 'BGREWRITEAOF');
      inUse = true;
      for (;;) await command(socketPath, 'SET', 'one', 'more');
    },
  };
}
