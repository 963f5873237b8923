import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RedisManagerError } from '../errors.ts';
import type { KeyClassifier } from '../inspect/index.ts';
import { classifierOf, type KeyspaceRegistry, keyspaces } from '../keyspaces/index.ts';

/**
 * The keyspaces that a module declares, and Taproot's own. What it declares with `defineKeyspace` needs no export; a registry of its
 * own, or anything else with `classify(key)`, is its default export or its export `keyspaces`. Rejects `invalid-options`.
 */
export async function loadKeyspaces(file: string | undefined): Promise<KeyClassifier> {
  return classifierOf(file === undefined ? undefined : await declaredBy(file));
}

/** What a module declares, to be checked. Rejects `invalid-options`. */
export async function loadRegistry(file: string): Promise<Pick<KeyspaceRegistry, 'keyspaces'>> {
  const declared = await declaredBy(file);
  // By what it has, because it may come from another copy of this package.
  if ('keyspaces' in declared && Array.isArray(declared.keyspaces)) return declared as KeyspaceRegistry;
  throw declaresNone(file);
}

async function declaredBy(file: string): Promise<KeyClassifier> {
  const before = keyspaces.keyspaces.length;
  const exported = await exportedBy(file);
  if (exported !== undefined) return exported;
  if (keyspaces.keyspaces.length > before) return keyspaces;
  throw declaresNone(file);
}

async function exportedBy(file: string): Promise<KeyClassifier | undefined> {
  const module = await import(pathToFileURL(resolve(file)).href).catch((cause: unknown) => {
    throw invalid(`The keyspaces of ${file} could not be loaded: ${firstLine(cause)}`, cause);
  });
  return [module.default, module.keyspaces].find(isClassifier);
}

function isClassifier(value: unknown): value is KeyClassifier {
  return (
    typeof value === 'object' && value !== null && typeof (value as KeyClassifier).classify === 'function'
  );
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
}

function declaresNone(file: string): RedisManagerError {
  return invalid(`${file} declares no keyspace with defineKeyspace, and exports no registry`);
}

function invalid(message: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(message, { code: 'invalid-options', retryable: false, applied: 'no', cause });
}
