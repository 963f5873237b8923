import { EmbeddedServer } from '../../src/embedded/index.ts';

const [, , dataDir = ''] = process.argv;
console.log(await new EmbeddedServer({ dataDir }).ensure());
setInterval(() => undefined, 60_000);
