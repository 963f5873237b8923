import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startStudio, temporaryFolder } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { refusal } from './support/attempt.ts';
import { smallDisk } from './support/small-disk.ts';

const ROOT = process.geteuid?.() === 0;

test('a port in use is told with what to do, and what runs there goes on', async () => {
  const studio = await startStudio();
  const settings = { PORT: String(studio.port), TAPROOT_DATA: studio.dataDir };
  expect(await refusal(settings)).toBe(
    `Port ${studio.port} is in use. Stop what runs there, or take any free one: PORT=0 npm start`,
  );
  expect((await fetch(`${studio.url}/readyz`)).status).toBe(200);
});

test('a data folder in the place of which there is a file is refused', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(await refusal({ TAPROOT_DATA: file })).toBe(
    `The data folder ${file} cannot be used: it is not a folder`,
  );
  expect(await refusal({ TAPROOT_DATA: join(file, 'below') })).toBe(
    `The data folder ${file}/below cannot be used: a part of its path is not a folder`,
  );
});

test.skipIf(ROOT)('a data folder that may not be written is refused', async () => {
  const folder = join(temporaryFolder(), 'data');
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  expect(await refusal({ TAPROOT_DATA: folder })).toBe(
    `The data folder ${folder} cannot be used: permission denied`,
  );
});

test('a data folder on a file system that is read-only is refused', async ({ skip }) => {
  const disk = smallDisk({ readOnly: true });
  if (disk === undefined) return skip('only root may mount a file system');
  expect(await refusal({ TAPROOT_DATA: disk.folder })).toBe(
    `The data folder ${disk.folder} cannot be used: the file system is read-only`,
  );
  // For a folder that is to be made there, the system gives Node another reason.
  expect(await refusal({ TAPROOT_DATA: join(disk.folder, 'data') })).toMatch(
    /^The data folder .* cannot be used: (the file system is read-only|its path cannot be made)$/,
  );
});

test('on a full disk nothing is started, whether the data folder is new or not', async ({ skip }) => {
  const disk = smallDisk();
  if (disk === undefined) return skip('only root may mount a file system');
  const [before, fresh] = [join(disk.folder, 'before'), join(disk.folder, 'fresh')];
  const studio = await startStudio({ dataDir: before });
  await studio.stop();
  disk.fill();
  expect(await refusal({ TAPROOT_DATA: fresh })).toBe(
    `The data folder ${fresh} cannot be used: the disk is full`,
  );
  expect(await refusal({ TAPROOT_DATA: before })).toBe(
    `The embedded Redis could not be started: the disk is full (0 bytes free in ${before}/data)`,
  );
  disk.free();
  await studio.restart();
});
