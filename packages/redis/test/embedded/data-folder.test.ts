import { chmodSync, chownSync, existsSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually, temporaryFolder } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { command, embedded, environment, serverProcesses } from './setup.ts';

const ROOT = process.geteuid?.() === 0;

/** A folder of another user: root can give one away, everybody else looks at one of root's. */
function foreignFolder(): string {
  if (!ROOT) return '/usr';
  const folder = temporaryFolder();
  chownSync(folder, 65534, 65534);
  return folder;
}

async function refusal(dataDir: string): Promise<string> {
  const error: unknown = await embedded(dataDir)
    .ensure()
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'embedded-data-folder', retryable: false, applied: 'no' });
  expect(serverProcesses(dataDir)).toEqual([]);
  return (error as Error).message;
}

test('a folder of ours that others may enter is made private', async () => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  await embedded(folder).ensure();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test('a folder of somebody else is refused, and left as it is', async () => {
  const folder = foreignFolder();
  const { mode } = statSync(folder);
  expect(await refusal(folder)).toMatch(
    /^The data folder .* cannot be used: it belongs to user \d+, and we are user \d+$/,
  );
  expect(statSync(folder).mode).toBe(mode);
});

test('a link to a folder of somebody else is refused', async () => {
  const link = join(temporaryFolder(), 'link');
  symlinkSync(foreignFolder(), link);
  expect(await refusal(link)).toMatch(/belongs to user/);
});

test('a link to a folder of ours is followed, and both names are one server', async () => {
  const folder = temporaryFolder();
  const link = join(temporaryFolder(), 'link');
  symlinkSync(folder, link);
  expect(await embedded(link).ensure()).toBe('started');
  expect(await embedded(folder).ensure()).toBe('running');
});

test.runIf(process.platform === 'linux')('a place where nothing can be made is refused at once', async () => {
  // Node's recursive mkdir would try for ever there.
  expect(await refusal('/proc/taproot/below')).toMatch(/cannot be used: its path cannot be made/);
});

test('a folder whose parents are not there is made with them, for us alone', async () => {
  const folder = join(temporaryFolder(), 'a', 'b', 'c');
  await embedded(folder).ensure();
  for (const each of [folder, dirname(folder)]) expect(statSync(each).mode & 0o777).toBe(0o700);
});

test('a file in its place is refused', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(await refusal(file)).toMatch(/cannot be used: .*not a folder/);
  expect(await refusal(join(file, 'below'))).toMatch(/cannot be used: .*not a folder/);
});

test('a folder that cannot be made is told with the reason', async () => {
  const place = process.platform === 'darwin' ? '/System/taproot' : '/sys/taproot';
  expect(await refusal(place)).toMatch(
    /^The data folder \/\w+\/taproot cannot be used: (permission|the file)/i,
  );
});

/** Where a data folder's socket goes if its own path is too long. */
async function startFar(runtime: string): Promise<string> {
  environment({ XDG_RUNTIME_DIR: runtime, TMPDIR: temporaryFolder() });
  const dataDir = join(temporaryFolder(), 'x'.repeat(100));
  const server = embedded(dataDir);
  await server.ensure();
  const { socketPath } = server;
  onTestFinished(async () => void (await command(socketPath, 'SHUTDOWN').catch(() => undefined)));
  return socketPath;
}

test('the folder of a socket with too long a path is private, whoever made it', async () => {
  const place = dirname(await startFar(temporaryFolder()));
  expect(statSync(place).mode & 0o777).toBe(0o700);
});

test('a runtime folder of somebody else is not used', async () => {
  const foreign = foreignFolder();
  expect(await startFar(foreign)).not.toContain(foreign);
});

test('a link to a folder of somebody else is refused where the socket goes', async () => {
  const socketPath = await startFar(temporaryFolder());
  const [dataDir] = (
    await command(socketPath, 'CONFIG', 'GET', 'dir').then((reply) => reply as string[])
  ).slice(1);
  await command(socketPath, 'SHUTDOWN').catch(() => undefined);
  await eventually(() => expect(existsSync(socketPath)).toBe(false));
  rmSync(dirname(socketPath), { recursive: true });
  symlinkSync(foreignFolder(), dirname(socketPath));
  expect(await refusal(dirname(String(dataDir)))).toMatch(/belongs to user/);
});
