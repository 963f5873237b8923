import { onTestFinished } from 'vitest';

/**
 * Registers `end` for the end of the running test; the last registered ends first. What was started elsewhere (beforeAll, a
 * bench) is stopped by whoever started it, or by the watcher when the process ends (watcher.ts): Vitest ignores an
 * `afterAll` that is registered from within a hook.
 */
export function atTeardown(end: () => Promise<void> | void): void {
  try {
    onTestFinished(end);
  } catch {
    // Not inside a test.
  }
}
