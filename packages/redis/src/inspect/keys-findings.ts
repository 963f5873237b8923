import type { Finding } from './findings.ts';
import type { KeysReport, MissingTtl } from './keys-report.ts';
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
    huge.length > 0 && {
      code: 'huge-keys',
      message: `${plural(huge.length, 'key is', 'keys are')} over ${bytes(HUGE_BYTES)}: deleting or reading one as a whole holds up everybody else.`,
    },
  ];
  return found.filter((finding) => finding !== false);
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
