import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RedisManagerError } from '../errors.ts';
import type { DeclaredKeyspace, KeyClassifier } from '../inspect/index.ts';
import { OWN_KEYSPACES } from './own-keyspaces.ts';

/** The user's declarations, where a module of them is named, and Taproot's own. Rejects `invalid-options`. */
export async function loadKeyspaces(file: string | undefined): Promise<KeyClassifier> {
  const users = file === undefined ? undefined : await importClassifier(file);
  return { classify: (key) => users?.classify(key) ?? ownKeyspace(key) };
}

function ownKeyspace(key: string): DeclaredKeyspace | undefined {
  return OWN_KEYSPACES.find(({ pattern }) => pattern.test(key))?.keyspace;
}

async function importClassifier(file: string): Promise<KeyClassifier> {
  const module = await import(pathToFileURL(resolve(file)).href).catch((cause: unknown) => {
    throw invalid(`The module of --keyspaces could not be loaded: ${firstLine(cause)}`, cause);
  });
  const found = [module.default, module.keyspaces].find(isClassifier);
  if (found !== undefined) return found;
  throw invalid('The module of --keyspaces has no default export or export "keyspaces" with classify(key)');
}

function isClassifier(value: unknown): value is KeyClassifier {
  return (
    typeof value === 'object' && value !== null && typeof (value as KeyClassifier).classify === 'function'
  );
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
}

function invalid(message: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(message, { code: 'invalid-options', retryable: false, applied: 'no', cause });
}
