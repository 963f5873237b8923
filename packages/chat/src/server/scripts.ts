import type { Script } from '@taproot/redis';
import * as runScripts from './runs/scripts.ts';
import * as waitingScripts from './runs/waiting-scripts.ts';
import { RESCHEDULE } from './threads/care-index.ts';
import * as retentionScripts from './threads/retention-scripts.ts';
import * as threadScripts from './threads/scripts.ts';
import * as searchScripts from './threads/search/scripts.ts';

/** All scripts of the server. */
export const SCRIPTS: readonly Script[] = [
  ...Object.values(threadScripts),
  ...Object.values(retentionScripts),
  ...Object.values(searchScripts),
  RESCHEDULE,
  ...Object.values(runScripts),
  ...Object.values(waitingScripts),
];
