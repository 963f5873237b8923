// Starts servers with the kit, in a process of its own that is then killed: see lifetime.test.ts.
import { writeFileSync } from 'node:fs';
import { startProcess, startRedis, startStudio } from '../../src/index.ts';

const redis = await startRedis();
const studio = await startStudio();
const { pid } = startProcess('sleep', ['600']);
const left = {
  pids: [redis.pid, studio.pid, studio.redisPid, pid],
  folders: [redis.dir, studio.dataDir],
};
writeFileSync(process.argv[2] ?? '', JSON.stringify(left));
