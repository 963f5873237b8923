export { CollectionHandle } from './collection.ts';
export { DocumentHandle, type SetOptions } from './document.ts';
export type {
  KeyHandle,
  KeyspaceCallOptions,
  KeyspaceManager,
  KeyspaceWriteOptions,
} from './handle.ts';
