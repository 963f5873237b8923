import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuideError } from '../errors.ts';
import { createDocsIndex, type DocsIndex } from './search.ts';
import { sectionsOf } from './sections.ts';

const PAGES = ['README.md', 'PROTOCOL.md', 'CONTRIBUTING.md'];
const FOLDER = 'docs';

/** Indexes the documentation of the project in `root`; pages that do not exist are left out. Throws `docs-unreadable`. */
export async function loadDocs(root: string): Promise<DocsIndex> {
  const inFolder = (await orAbsent(() => readdir(join(root, FOLDER)))) ?? [];
  const files = [
    ...PAGES,
    ...inFolder
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map((name) => `${FOLDER}/${name}`),
  ];
  const pages = await Promise.all(
    files.map(async (file) => ({ file, text: await orAbsent(() => readFile(join(root, file), 'utf8')) })),
  );
  return createDocsIndex(
    pages.flatMap(({ file, text }) => (text === undefined ? [] : sectionsOf(file, text))),
  );
}

async function orAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new GuideError('docs-unreadable', 'The documentation cannot be read', { cause: error });
  }
}
