import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProcess, temporaryFolder } from '../src/index.ts';

const ROOT = join(import.meta.dirname, '../../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** Every door of the two packages, and a name behind each. */
const DOORS = {
  '@taproot/redis': 'createRedisManager',
  '@taproot/chat/protocol': 'CLOSE',
  '@taproot/chat/server': 'createChatServer',
  '@taproot/chat/client': 'createChatClient',
  '@taproot/chat/ai-sdk': 'createChatTransport',
  '@taproot/chat/react': 'useThread',
} as const;
const PEERS = ['react', '@ai-sdk/react', '@types/react'];

test('what npm would publish installs in an empty folder, runs without a build and type-checks', async () => {
  const tarballs = await pack();
  expect(tarballs).toHaveLength(2);
  const folder = consumerFolder();
  await succeed(
    folder,
    'npm',
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    ...tarballs,
    ...PEERS,
  );
  for (const [door, name] of Object.entries(DOORS)) {
    const script = `import * as all from '${door}'; console.log(Object.keys(all).join(' '))`;
    const names = await succeed(folder, process.execPath, '--input-type=module', '-e', script);
    expect(names.trim().split(' '), door).toContain(name);
  }
  await succeed(folder, process.execPath, TSC, '-p', folder);
}, 300_000);

/** Builds both packages from nothing and packs them, without the build that `prepack` would start again for each. */
async function pack(): Promise<string[]> {
  for (const name of ['redis', 'chat']) {
    for (const built of ['dist', 'tsconfig.tsbuildinfo']) {
      rmSync(join(ROOT, 'packages', name, built), { recursive: true, force: true });
    }
  }
  await succeed(ROOT, 'npm', 'run', 'build');
  const folder = temporaryFolder();
  const workspaces = ['-w', '@taproot/redis', '-w', '@taproot/chat'];
  await succeed(ROOT, 'npm', 'pack', '--ignore-scripts', '--pack-destination', folder, ...workspaces);
  return readdirSync(folder).map((file) => join(folder, file));
}

/** A TypeScript project outside the workspace that knows nothing of the condition @taproot/source. */
function consumerFolder(): string {
  const folder = temporaryFolder();
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['es2024', 'dom'], module: 'nodenext', moduleResolution: 'nodenext' },
    ...{ strict: true, noEmit: true, exactOptionalPropertyTypes: true, skipLibCheck: true, types: [] },
  };
  const doors = Object.entries(DOORS);
  const imports = doors.map(([door, name], index) => `import { ${name} as door${index} } from '${door}';`);
  const used = doors.map((_, index) => `door${index}`).join(', ');
  const source = `${imports.join('\n')}\nexport const doors: readonly object[] = [${used}];\n`;
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/index.ts'), source);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  return folder;
}

/** Runs a command, which must succeed, without what a surrounding npm or Vitest tells its children. */
async function succeed(cwd: string, command: string, ...args: string[]): Promise<string> {
  const inherited = Object.entries(process.env);
  const kept = inherited.filter(([name]) => !/^(npm_|INIT_CWD|NODE_OPTIONS|NODE_PATH|VITEST)/.test(name));
  const child = startProcess(command, args, { cwd, env: Object.fromEntries(kept) });
  const { code } = await child.exit;
  expect(code, `${command} ${args.join(' ')}\n${child.output()}`).toBe(0);
  return child.output();
}
