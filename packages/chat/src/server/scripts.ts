import type { Script } from '@taproot/redis';
import * as runScripts from './runs/scripts.ts';
import * as waitingScripts from './runs/waiting-scripts.ts';
import * as threadScripts from './threads/scripts.ts';

/** All scripts of the server. */
export const SCRIPTS: readonly Script[] = [
  ...Object.values(threadScripts),
  ...Object.values(runScripts),
  ...Object.values(waitingScripts),
];
