import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
/** Node 24 from the dev dependency `node`, which npm scripts run on. */
export const OWN_NODE = join(ROOT, 'node_modules/.bin/node');
export const VITE = join(ROOT, 'node_modules/vite/bin/vite.js');
