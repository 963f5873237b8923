import type { KeyClassifier } from '../inspect/index.ts';
import { FEATURE_KEYSPACES } from './features.ts';
import { KeyspaceRegistry, keyspaces } from './registry.ts';

// Beside the registry: a program that does not use a feature may use its names otherwise.
const features = new KeyspaceRegistry(FEATURE_KEYSPACES);

/** Tells whose a key is: by declarations of your own, by this process', and else by what Taproot's features are called at first. */
export function classifierOf(own: KeyClassifier = keyspaces): KeyClassifier {
  return { classify: (key) => own.classify(key) ?? keyspaces.classify(key) ?? features.classify(key) };
}
