import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProcess, temporaryFolder } from '../src/index.ts';

const ROOT = join(import.meta.dirname, '../../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** Every door of the two packages, and a name behind each. */
const DOORS = {
  '@taproot/redis': 'createRedisManager',
  '@taproot/redis/langgraph': 'RedisCheckpointer',
  '@taproot/redis/opentelemetry': 'instrument',
  '@taproot/chat/protocol': 'CLOSE',
  '@taproot/chat/server': 'createChatServer',
  '@taproot/chat/agents': 'modelAgent',
  '@taproot/chat/client': 'createChatClient',
  '@taproot/chat/ai-sdk': 'createChatTransport',
  '@taproot/chat/react': 'useThread',
} as const;
/** Doors that need nothing but what npm installs by itself. */
const MAIN = ['@taproot/redis', '@taproot/chat/protocol', '@taproot/chat/server'].concat([
  '@taproot/chat/agents',
  '@taproot/chat/client',
]);
const PEERS = ['react', '@ai-sdk/react', '@types/react', '@opentelemetry/api'].concat([
  '@langchain/core',
  '@langchain/langgraph-checkpoint',
]);

test('every door of the packages is among those that are tried', () => {
  const doors = ['redis', 'chat'].flatMap((name) => {
    const file = readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8');
    const { exports } = JSON.parse(file) as { readonly exports: object };
    return Object.keys(exports).map((door) => join(`@taproot/${name}`, door));
  });
  expect(doors.sort()).toEqual(Object.keys(DOORS).sort());
});

test('what npm would publish installs in an empty folder, runs without a build and type-checks', async () => {
  const tarballs = await pack();
  expect(tarballs).toHaveLength(2);
  const folder = consumerFolder();
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund'];
  await succeed(folder, 'npm', ...install, ...tarballs);
  for (const name of ['redis', 'chat'])
    for (const file of ['LICENSE', 'README.md'])
      expect([file, existsSync(join(folder, 'node_modules/@taproot', name, file))]).toEqual([file, true]);
  expect(await succeed(folder, join(folder, 'node_modules/.bin/taproot-redis'), '--help')).toContain(
    'taproot-redis',
  );
  for (const door of MAIN) await succeedImport(folder, door);
  await succeed(folder, 'npm', ...install, ...PEERS);
  for (const door of Object.keys(DOORS)) await succeedImport(folder, door);
  await succeed(folder, process.execPath, TSC, '-p', folder);
}, 300_000);

async function succeedImport(folder: string, door: string): Promise<void> {
  const script = `import * as all from '${door}'; console.log(Object.keys(all).join(' '))`;
  const names = await succeed(folder, process.execPath, '--input-type=module', '-e', script);
  expect(names.trim().split(' '), door).toContain(DOORS[door as keyof typeof DOORS]);
}

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
