/** Listeners by name. One that throws does not keep the others from being called. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  on<K extends keyof Events>(name: K, listener: (value: Events[K]) => void): () => void {
    // A wrapper of its own per call, so that the same function may be given twice and taken back twice.
    const entry = (value: Events[K]): void => listener(value);
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(entry));
    return () => {
      set.delete(entry);
    };
  }

  emit<K extends keyof Events>(name: K, value: Events[K]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (value: Events[K]) => void)(value);
      } catch (error) {
        report(error);
      }
    }
  }

  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }
}

/** To the page's error handlers; Node has none that would not end the process. */
function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
