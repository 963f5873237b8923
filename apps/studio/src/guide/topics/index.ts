import type { Topic } from '../topic.ts';
import { biggestKeys } from './biggest-keys.ts';
import { commands } from './commands.ts';
import { connections } from './connections.ts';
import { errors } from './errors.ts';
import { health } from './health.ts';
import { help } from './help.ts';
import { howTo } from './how-to.ts';
import { keyspaces } from './keyspaces.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { model } from './model.ts';
import { myThreads } from './my-threads.ts';
import { noExpiry } from './no-expiry.ts';
import { overview } from './overview.ts';
import { persistence } from './persistence.ts';
import { readOnly } from './read-only.ts';
import { server } from './server.ts';
import { slowLog } from './slow-log.ts';
import { thanks } from './thanks.ts';
import { throughput } from './throughput.ts';
import { whoAmI } from './who-am-i.ts';

/** Everything the guide can answer, in the order in which it is listed. */
export const TOPICS: readonly Topic[] = [
  overview,
  keyspaces,
  connections,
  memory,
  persistence,
  health,
  latency,
  slowLog,
  throughput,
  commands,
  errors,
  biggestKeys,
  noExpiry,
  server,
  myThreads,
  whoAmI,
  howTo,
  model,
  readOnly,
  help,
  thanks,
];
