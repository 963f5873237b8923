import { commandFor } from './commands.mjs';
import { SetupError } from './errors.mjs';

const OLDEST_NODE = [22, 18];
const OLDEST_SERVER = [6, 2];
const NAMES = { server: 'redis-server or valkey-server', browser: 'Chromium', clock: 'libfaketime' };
/** Which variables name what is somewhere else. */
const VARIABLES = { server: 'REDIS_SERVER_BIN', browser: 'CHROMIUM_BIN' };

export function planSetup(facts) {
  if (!facts.installed)
    throw new SetupError('The dependencies are not there yet; run this first: npm install');
  return [...planNode(facts), ...planPrograms(facts), ...planPage(facts)];
}

function planNode({ node: { version, byNpm, own } }) {
  if (isAtLeast(version, OLDEST_NODE)) return [];
  if (own === undefined || !isAtLeast(own, OLDEST_NODE)) return [{ kind: 'rebuild-node' }];
  if (!byNpm) return [];
  throw new SetupError(
    `npm runs its scripts on Node ${version}, although node_modules has ${own}: ` +
      'something puts another folder before node_modules/.bin in PATH.',
  );
}

export function planPrograms(facts) {
  const things = [];
  if (needsServer(facts)) things.push('server');
  if (needsBrowser(facts)) things.push('browser');
  if (facts.purpose === 'soak' && !facts.clock) things.push('clock');
  if (things.length === 0) return [];
  const { installer, terminal, ci } = facts;
  const command = commandFor(installer, things);
  const canInstall = installer.kind === 'brew' || (installer.kind === 'apt' && installer.rights !== 'no');
  // Without a terminal nobody can be asked, so it must be somebody's machine for such things: a root shell, a CI job.
  const mayInstall = terminal || ci || (installer.kind === 'apt' && installer.rights === 'root');
  if (!canInstall || !mayInstall) throw new SetupError(byHand(things, command));
  const sudo = installer.kind === 'apt' && installer.rights === 'sudo';
  return [{ kind: 'install', things, with: installer.kind, sudo, ask: terminal, command }];
}

function needsServer({ purpose, redisUrl, server }) {
  if (purpose === 'start' && redisUrl) return false;
  if (server === undefined) return true;
  const { path, variable, version } = server;
  const oldest = OLDEST_SERVER.join('.');
  if (version === undefined) {
    const named = variable === undefined ? path : `${variable}=${path}`;
    throw new SetupError(`${named} is not a Redis or Valkey server that can be run.`);
  }
  if (isAtLeast(version, OLDEST_SERVER)) return false;
  // Not replaced by ours to install: it may be serving somebody.
  throw new SetupError(
    `${path} is version ${version}, and ${oldest} or later is needed: ` +
      'install a newer one, or name one in REDIS_SERVER_BIN.',
  );
}

function needsBrowser({ purpose, browser }) {
  if (purpose !== 'test') return false;
  if (browser === undefined) return true;
  if (browser.version !== undefined) return false;
  throw new SetupError(`CHROMIUM_BIN=${browser.path} is not a program that can be run.`);
}

function planPage({ page }) {
  return page === 'stale' ? [{ kind: 'build-page' }] : [];
}

function byHand(things, command) {
  const names = things.map((thing) => NAMES[thing]);
  const missing = `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'} missing`;
  if (command !== undefined)
    return `${missing} and cannot be installed from here. Run this, then try again:\n  ${command}`;
  const variables = things.map((thing) => VARIABLES[thing]).filter((name) => name !== undefined);
  const or = variables.length > 0 ? `, or name it in ${variables.join(' and ')}` : '';
  return `${missing}: install it on this machine${or}.`;
}

/** `7.0.15`, `v24.21.0`. */
function isAtLeast(version, [major, minor]) {
  const [, theirMajor, theirMinor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(theirMajor) > major || (Number(theirMajor) === major && Number(theirMinor) >= minor);
}
