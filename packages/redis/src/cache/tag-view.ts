import type { Stamp } from './coherence.ts';

/** A tag's version as this process knows it. */
export interface TagView {
  readonly version: string | undefined;
  readonly stamp: Stamp;
  readonly bytes: number;
  /** This one is not told of changes any more, or was told of one. */
  ended: boolean;
}

const BYTES = 300;

export function tagView(key: string, version: string | undefined, stamp: Stamp): TagView {
  return { version, stamp, bytes: BYTES + 2 * key.length, ended: false };
}
