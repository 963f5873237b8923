import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { describe } from './commands.mjs';
import { SetupError } from './errors.mjs';
import { hashSources, stampPage } from './page.mjs';
import { OWN_NODE, ROOT, VITE } from './places.mjs';

const APT_INSTALL = join(import.meta.dirname, 'apt-install.sh');

/** Does one step of the plan, and says so. */
export async function perform(step) {
  const from = performance.now();
  if (step.kind === 'rebuild-node') rebuildNode();
  else if (step.kind === 'install') await install(step);
  else buildPage();
  console.log(`  done in ${((performance.now() - from) / 1000).toFixed(1)} s`);
}

function rebuildNode() {
  console.log(
    `npm scripts run on Node ${process.version}, because the dependency "node" was installed without its ` +
      'install script; running: npm rebuild node',
  );
  run('npm', ['rebuild', 'node', '--ignore-scripts=false'], 'npm could not rebuild the package "node".');
  run(OWN_NODE, ['--version'], 'npm rebuilt the package "node", but it still cannot be run.');
}

async function install({ things, with: manager, sudo, ask, command }) {
  const what = describe(things, manager);
  const how = manager === 'apt' ? `apt-get${sudo ? ' (with sudo)' : ''}` : 'Homebrew';
  console.log(`Missing on this machine: ${what}. It will be installed with ${how}; no service is started.`);
  if (ask && !(await agrees())) throw new SetupError(`Not installed. To do it yourself:\n  ${command}`);
  const failure = `${what} could not be installed. To do it yourself:\n  ${command}`;
  if (manager === 'brew') run('brew', command.split(' ').slice(1), failure);
  else if (sudo) run('sudo', ['-n', 'sh', APT_INSTALL, ...things], failure);
  else run('sh', [APT_INSTALL, ...things], failure);
}

async function agrees() {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // End of input (Ctrl-D) is no agreement.
  const closed = new Promise((resolve) => terminal.once('close', () => resolve('n')));
  const answer = await Promise.race([terminal.question('Install now? [Y/n] '), closed]);
  terminal.close();
  return ['', 'y', 'yes'].includes(answer.trim().toLowerCase());
}

function buildPage() {
  console.log('Building the page …');
  const hash = hashSources();
  const node = Number(/^v(\d+)/.exec(process.version)?.[1]) > 22 ? process.execPath : OWN_NODE;
  run(
    node,
    [VITE, 'build', 'apps/studio/web', '--logLevel', 'error'],
    'The page could not be built (npm run build:page shows why).',
  );
  stampPage(hash);
}

function run(command, args, failure) {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new SetupError(failure);
}
