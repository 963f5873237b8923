import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './places.mjs';

const PAGE = join(ROOT, 'apps/studio/web');
const BUILT = join(PAGE, 'dist');
const STAMP = join(BUILT, '.sources');

/** What the page is made of: its own files, the client library that it bundles, and the versions of all others. */
const SOURCES = [PAGE, join(ROOT, 'packages/chat/src'), join(ROOT, 'package-lock.json')];

/** `stale`: its sources are not those it was built from. */
export function pageState() {
  if (!existsSync(join(PAGE, 'index.html'))) return 'absent';
  if (!existsSync(STAMP) || !existsSync(join(BUILT, 'index.html'))) return 'stale';
  return readFileSync(STAMP, 'utf8') === hashSources() ? 'built' : 'stale';
}

/** Notes what the page was built from. `hash` was taken before the build, so that a change during it is built again. */
export function stampPage(hash) {
  writeFileSync(STAMP, hash);
}

export function hashSources() {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap(filesIn)) {
    const content = readFileSync(file);
    hash.update(`${relative(ROOT, file)}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

function filesIn(path) {
  if (!existsSync(path)) return [];
  if (path.endsWith('.json')) return [path];
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return files.filter((file) => !file.startsWith(BUILT)).sort();
}
