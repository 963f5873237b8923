import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pageState } from './page.mjs';
import { OWN_NODE, VITE } from './places.mjs';

const BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** `Redis server v=7.0.15 sha=…`, `Valkey server v=8.1.1 …`. */
const SERVER_VERSION = /(?:Redis|Valkey) server v=(\d+\.\d+\.\d+)/i;

/** Looks at this machine. Costly looks are taken only where the answer matters, so that a warm start is quick. */
export function readFacts(purpose, env = process.env) {
  const server = readServer(env);
  const browser = purpose === 'test' ? readBrowser(env) : undefined;
  const clock = purpose !== 'soak' || hasClock();
  const complete = server !== undefined && clock && (purpose !== 'test' || browser !== undefined);
  return {
    purpose,
    installed: existsSync(VITE),
    node: readNode(env),
    server,
    redisUrl: isSet(env.REDIS_URL),
    browser,
    clock,
    installer: complete ? { kind: 'none', rights: 'no' } : readInstaller(),
    terminal: Boolean(process.stdin.isTTY && process.stdout.isTTY),
    ci: isSet(env.CI) && !['0', 'false'].includes(env.CI),
    page: pageState(),
  };
}

function readNode(env) {
  const { version } = process;
  const recent = Number(/^v(\d+)/.exec(version)?.[1]) > 22;
  return {
    version,
    byNpm: isSet(env.npm_lifecycle_event),
    own: recent ? version : versionOf(OWN_NODE, /^v(.*)/),
  };
}

/** As the embedded server looks for it: what the variable names, then redis-server, then valkey-server. */
function readServer(env) {
  if (isSet(env.REDIS_SERVER_BIN)) {
    const path = env.REDIS_SERVER_BIN;
    return { path, variable: 'REDIS_SERVER_BIN', version: versionOf(path, SERVER_VERSION) };
  }
  const path = onPath('redis-server') ?? onPath('valkey-server');
  return path === undefined ? undefined : { path, version: versionOf(path, SERVER_VERSION) };
}

function readBrowser(env) {
  // Asking Chromium for its version takes longer than all the rest.
  const version = (path) => (canRun(path) ? 'some' : undefined);
  if (isSet(env.CHROMIUM_BIN)) {
    const path = env.CHROMIUM_BIN;
    return { path, variable: 'CHROMIUM_BIN', version: version(path) };
  }
  const path = BROWSERS.find(canRun);
  return path === undefined ? undefined : { path, version: version(path) };
}

/** Clocks jump on Linux only. */
function hasClock() {
  if (process.platform !== 'linux') return true;
  const folders = ['/usr/lib', '/usr/local/lib'].filter((folder) => existsSync(folder));
  return folders
    .flatMap((root) => [root, ...readdirSync(root).map((name) => join(root, name))])
    .some((folder) => existsSync(join(folder, 'faketime/libfaketimeMT.so.1')));
}

function readInstaller() {
  if (process.platform === 'darwin') return { kind: onPath('brew') ? 'brew' : 'none', rights: 'no' };
  const kinds = [
    ['apt-get', 'apt'],
    ['dnf', 'dnf'],
    ['pacman', 'pacman'],
    ['apk', 'apk'],
  ];
  const [, kind] = kinds.find(([program]) => onPath(program)) ?? [undefined, 'none'];
  if (process.getuid?.() === 0) return { kind, rights: 'root' };
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore', timeout: 10_000 });
  return { kind, rights: sudo.status === 0 ? 'sudo' : 'no' };
}

/** The version that `program --version` prints: `7.0.15`. */
function versionOf(program, pattern) {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0) return undefined;
  return pattern.exec(stdout)?.[1];
}

function onPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(canRun);
}

function canRun(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isSet(value) {
  return value !== undefined && value.trim() !== '';
}
