import { cache } from './cache/index.ts';
import { commands } from './commands.ts';
import { memory } from './memory/index.ts';
import { recovery } from './recovery.ts';
import { startup } from './startup.ts';

const BENCHES: Readonly<Record<string, () => Promise<void>>> = { cache, commands, memory, recovery, startup };

const [name = ''] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`Usage: npm run bench -- ${Object.keys(BENCHES).join(' | ')}`);
  process.exit(2);
}
await bench();
