import { startRedis } from '@taproot/testkit';
const t=performance.now();
const r = await startRedis(); console.log(r.pid, r.dir, await r.cli('PING'), performance.now()-t);
