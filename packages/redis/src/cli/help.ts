import { DEFAULT_INSPECT_OPTIONS } from '../inspect/index.ts';
import { count } from '../inspect/units.ts';
import type { HelpTopic } from './arguments.ts';

const { maxSamples, maxMs, top } = DEFAULT_INSPECT_OPTIONS;

export const HELP: Readonly<Record<HelpTopic, string>> = {
  'taproot-redis': `Usage: taproot-redis COMMAND

Commands:
  inspect [URL]   look into a Redis: memory by keyspace, connections by owner,
                  big keys, keys without owner or TTL, slow commands
  lint FILE       check the keyspaces that a module declares

Options:
  -h, --help      this text; taproot-redis COMMAND --help tells more
  -v, --version   the version
`,
  inspect: `Usage: taproot-redis inspect [URL] [options]

Looks into a Redis and tells who is connected, what takes the memory, which keys
have no owner or no TTL, and what was slow. It only reads: no values, no
arguments of commands. Names of keys are masked.

URL is redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://;
REDIS_URL if it is left out, which also keeps the password out of the list of
processes. Given one node of a Cluster, it looks into all masters.

Which Redis:
  --data DIR        the embedded server of this data folder, which must be running;
                    the default is .taproot when there is no URL

How far to look:
  --samples N       measure N keys at most, or all (default ${count(maxSamples).replace(',', '')})
  --seconds N       walk over the keys for N seconds at most (default ${maxMs / 1000})
  --keyspaces FILE  module that declares your keyspaces with defineKeyspace; without it,
                    all keys but Taproot's own count as declared by nobody

What to show:
  --top N           list N big keys and slow commands (default ${top})
  --show-names      whole names of keys, which may hold ids and secrets
  --json            the report as JSON
  --strict          exit with 1 if keys have no owner, or are not as their keyspace
                    declares them (no TTL, another type)

Exit status: 0 looked, 1 --strict found something, 2 could not look.
`,
  lint: `Usage: taproot-redis lint FILE [--json]

Loads a module that declares keyspaces with defineKeyspace, and tells what is
wrong with them: no owner, neither a TTL nor a reason, templates that one key
fits, no slot tag although keys are used together.

Exit status: 0 nothing found, 1 problems, 2 the module could not be loaded.
`,
};
