import type { Finding } from './findings.ts';
import type { KeyspaceReport, KeysReport, MissingTtl } from './keys-report.ts';
import { bytes, count, plural } from './units.ts';

/** A key of this size blocks the server noticeably when it is deleted or read as a whole. */
const HUGE_BYTES = 10 * 2 ** 20;

export function keysFindings(keys: KeysReport | undefined): Finding[] {
  if (keys === undefined) return [];
  const about = keys.complete ? '' : 'about ';
  const { unowned, withoutTtl = [], biggest } = keys;
  const huge = biggest.filter((key) => key.bytes >= HUGE_BYTES);
  const found: (Finding | false)[] = [
    unowned !== undefined &&
      unowned.keys > 0 && {
        code: 'unowned-keys',
        message: sentence(
          `${about}${plural(unowned.keys, 'key belongs', 'keys belong')} to no declared keyspace${
            unowned.memory === undefined ? '' : ` (${bytes(unowned.memory.bytes)})`
          }.`,
        ),
      },
    ...withoutTtl.map((missing): Finding => ({ code: 'missing-ttl', message: missingTtl(missing) })),
    ...keys.keyspaces.flatMap(wrongType),
    huge.length > 0 && {
      code: 'huge-keys',
      message: `${plural(huge.length, 'key is', 'keys are')} over ${bytes(HUGE_BYTES)}: deleting or reading one as a whole holds up everybody else.`,
    },
  ];
  return found.filter((finding) => finding !== false);
}

function wrongType({ name, type, types }: KeyspaceReport): Finding[] {
  if (type === undefined) return [];
  const others = Object.entries(types).filter(([found]) => found !== type);
  if (others.length === 0) return [];
  const number = others.reduce((sum, [, keys]) => sum + keys, 0);
  const kinds = others.map(([found]) => found).join(', ');
  return [
    {
      code: 'wrong-type',
      message: `${plural(number, 'measured key')} of ${name} ${number === 1 ? 'is' : 'are'} ${kinds}, although the keyspace declares ${type}.`,
    },
  ];
}

/** Keyspaces whose keys Redis would throw away under this policy, against their declaration. */
export function evictable(keys: KeysReport | undefined, policy: string): readonly KeyspaceReport[] {
  const all = policy.startsWith('allkeys');
  return (keys?.keyspaces ?? []).filter(
    ({ evictable: may, expiring }) =>
      may === false && (all || (policy.startsWith('volatile') && expiring > 0)),
  );
}

function missingTtl({ keyspace, keys, found, measured }: MissingTtl): string {
  const sampled = keys === found ? '' : ` (${count(found)} of ${count(measured)} measured)`;
  return sentence(
    `${keys === found ? '' : 'about '}${plural(keys, 'key', 'keys')} of ${keyspace} ${
      keys === 1 ? 'has' : 'have'
    } no TTL${sampled}, although the keyspace declares one.`,
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
