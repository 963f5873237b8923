import type { KeyspaceProblem } from '../keyspaces/index.ts';
import { lintKeyspaces } from '../keyspaces/index.ts';
import { loadRegistry } from './keyspaces.ts';
import { printable } from './report/printable.ts';

/** What the lint has looked at and found. */
export interface LintReport {
  readonly version: 1;
  /** Declared keyspaces, Taproot's own among them. */
  readonly keyspaces: number;
  readonly problems: readonly KeyspaceProblem[];
}

/** Loads a module and checks what it declares. Rejects `invalid-options`. */
export async function runLint(file: string): Promise<LintReport> {
  const registry = await loadRegistry(file);
  return { version: 1, keyspaces: registry.keyspaces.length, problems: lintKeyspaces(registry) };
}

/** One line a problem, as compilers write them. */
export function lintText({ keyspaces, problems }: LintReport): string {
  const lines = problems.map(({ rule, keyspace, owner, message }) =>
    printable(`${keyspace} (${owner || 'no owner'}): ${message} [${rule}]`),
  );
  const found =
    problems.length === 0 ? 'nothing' : problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [...lines, `${keyspaces} keyspaces checked, ${found} found`, ''].join('\n');
}
