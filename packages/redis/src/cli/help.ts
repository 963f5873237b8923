import { DEFAULT_INSPECT_OPTIONS } from '../inspect/index.ts';
import { count } from '../inspect/units.ts';

const { maxSamples, maxMs, top } = DEFAULT_INSPECT_OPTIONS;

export const HELP: Readonly<Record<'taproot-redis' | 'inspect', string>> = {
  'taproot-redis': `Usage: taproot-redis COMMAND

Commands:
  inspect [URL]   look into a Redis: memory by keyspace, connections by owner,
                  big keys, keys without owner or TTL, slow commands

Options:
  -h, --help      this text; taproot-redis inspect --help tells more
  -v, --version   the version
`,
  inspect: `Usage: taproot-redis inspect [URL] [options]

Looks into a Redis and tells who is connected, what takes the memory, which keys
have no owner or no TTL, and what was slow. It only reads: no values, no
arguments of commands. Names of keys are masked.

URL is redis://, rediss://, unix:// or redis+sentinel://; REDIS_URL if it is
left out, which also keeps the password out of the list of processes. Given one
node of a Cluster, it looks into all masters.

Which Redis:
  --data DIR        the embedded server of this data folder, which must be running;
                    the default is .taproot when there is no URL

How far to look:
  --samples N       measure N keys at most, or all (default ${count(maxSamples).replace(',', '')})
  --seconds N       walk over the keys for N seconds at most (default ${maxMs / 1000})
  --keyspaces FILE  module that declares the keyspaces: its default export, or its
                    export "keyspaces", has classify(key) → { name, owner, ttl }

What to show:
  --top N           list N big keys and slow commands (default ${top})
  --show-names      whole names of keys, which may hold ids and secrets
  --json            the report as JSON
  --strict          exit with 1 if keys have no owner or lack their declared TTL

Exit status: 0 looked, 1 --strict found something, 2 could not look.
`,
};
