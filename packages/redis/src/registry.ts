import { RedisManagerError } from './errors.ts';

// On globalThis, so that two copies of this package in one process still see each other's managers.
const MANAGERS = Symbol.for('@taproot/redis managers');
type Claims = Map<string, string>;

function claims(): Claims {
  const holder = globalThis as { [MANAGERS]?: Claims };
  holder[MANAGERS] ??= new Map();
  return holder[MANAGERS];
}

/** Claims a deployment for one manager of this process. Throws `double-manager`, naming where the first was made. */
export function claimDeployment(deployment: string): () => void {
  const first = claims().get(deployment);
  if (first !== undefined) {
    throw new RedisManagerError(
      `This process already has a manager for ${deployment}, made ${first}; use that one`,
      {
        code: 'double-manager',
        retryable: false,
        applied: 'no',
      },
    );
  }
  claims().set(deployment, callSite());
  return () => claims().delete(deployment);
}

/** The place outside this package that called createRedisManager. */
function callSite(): string {
  const here = import.meta.dirname;
  const lines = new Error().stack?.split('\n').slice(1) ?? [];
  return lines.find((line) => !line.includes(here))?.trim() ?? 'at an unknown place';
}
