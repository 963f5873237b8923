import { type KeyPart, MAX_PARTS, MAX_SIBLINGS, templateOf } from './mask.ts';

/** Masks the places in which so many different words stand that they must be names of things. */
export function maskNames(keys: readonly (readonly KeyPart[])[]): KeyPart[][] {
  const masked = keys.map((parts) => [...parts]);
  for (let level = 0; level < MAX_PARTS; level++) {
    const siblings = new Map<string, Set<string>>();
    for (const parts of masked) {
      const part = parts[level];
      if (part?.kind !== 'word') continue;
      const place = templateOf(parts.slice(0, level));
      siblings.set(place, (siblings.get(place) ?? new Set()).add(part.text));
    }
    for (const parts of masked) {
      const part = parts[level];
      if (part?.kind !== 'word') continue;
      if ((siblings.get(templateOf(parts.slice(0, level)))?.size ?? 0) > MAX_SIBLINGS) {
        parts[level] = { ...part, kind: 'id' };
      }
    }
  }
  return masked;
}
