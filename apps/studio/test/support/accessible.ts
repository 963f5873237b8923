import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** axe finds nothing serious on the page as it is, in light and dark, wide and narrow, and nothing scrolls sideways. */
export async function expectAccessible(page: Page, state: string): Promise<void> {
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const found = await serious(page);
      expect({ state, width, colorScheme, found }).toEqual({ state, width, colorScheme, found: [] });
    }
    const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect({ state, width, sideways: await page.evaluate(sideways) }).toEqual({ state, width, sideways: 0 });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

async function serious(page: Page): Promise<string[]> {
  // By the browser's own hand: the page's policy forbids scripts that are not its own.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    readonly violations: readonly Violation[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}
