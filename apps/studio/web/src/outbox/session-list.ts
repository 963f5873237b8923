/** Reads a list from this tab's session storage; what is not of the expected shape is left out. */
export function readList<T>(key: string, isOne: (value: unknown) => value is T): T[] {
  try {
    const list: unknown = JSON.parse(sessionStorage.getItem(key) ?? '[]');
    return Array.isArray(list) ? list.filter(isOne) : [];
  } catch {
    return [];
  }
}

/** A full storage must not stop a message from being sent, so failing to keep it is not an error. */
export function writeList(key: string, list: readonly unknown[]): void {
  try {
    if (list.length === 0) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(list));
  } catch {
    // Kept in memory only.
  }
}
