import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Peer } from '../../../../packages/chat/test/peer/peer.ts';
import { browse, openTab, type StudioPage } from './page.ts';

const PAGE = join(import.meta.dirname, '../../web/dist');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** The studio's page on a server that says what a test tells it to, opened at the thread `t`. */
export async function openScripted(): Promise<{ readonly peer: Peer; readonly tab: StudioPage }> {
  const peer = await Peer.start();
  for (const entry of await readdir(PAGE, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    peer.files.set(file.slice(PAGE.length), { type, body: await readFile(file, 'utf8') });
  }
  const index = peer.files.get('/index.html');
  if (index) for (const path of ['/', '/t/t']) peer.files.set(path, index);
  const tab = await openTab(await browse(), `${peer.url}/t/t`);
  return { peer, tab };
}
