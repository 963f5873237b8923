import { eventually, openBrowser, type TestStudio } from '@taproot/testkit';
import type { Browser, Locator, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

/** The studio's page as a person uses it, and what the browser complained about. */
export interface StudioPage {
  readonly page: Page;
  readonly complaints: readonly string[];
  ask(text: string): Promise<void>;
  /** The connection pill's state. */
  pill(): Promise<string | null>;
  answers(): Locator;
}

export const LIFECYCLE = 'agent_started agent_thinking tool_executing tool_completed agent_completed';

/** A browser for one test. */
export async function browse(): Promise<Browser> {
  return openBrowser();
}

/** Opens a tab; cookies are shared with the other tabs of the same context. */
export async function openTab(browser: Browser, url: string, from?: Page): Promise<StudioPage> {
  const context = from?.context() ?? (await browser.newContext({ viewport: { width: 1280, height: 800 } }));
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser itself reports requests that fail while the server is away.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  onTestFinished(() => expect(complaints).toEqual([]));
  await page.goto(url);
  return {
    page,
    complaints,
    ask: async (text) => {
      await page.getByTestId('composer').fill(text);
      await page.getByTestId('composer').press('Enter');
    },
    pill: () => page.getByTestId('connection-pill').getAttribute('data-state'),
    answers: () => page.locator('[data-role="assistant"]'),
  };
}

/** Waits for as many answers, all of them ended well. */
export async function untilAnswered({ answers }: StudioPage, count = 1): Promise<void> {
  await eventually(
    async () => {
      const outcomes = await answers().evaluateAll((nodes) =>
        nodes.map((node) => node.getAttribute('data-outcome')),
      );
      expect(outcomes).toEqual(Array.from({ length: count }, () => 'done'));
    },
    { timeoutMs: 50_000 },
  );
}

/** Waits until the answer's text grows. */
export async function untilTextStreams({ answers }: StudioPage): Promise<void> {
  await eventually(async () => {
    // biome-ignore lint/performance/useDomNodeTextContent: what a person sees counts, not what is hidden.
    expect((await answers().last().innerText()).length).toBeGreaterThan(60);
    expect(await answers().last().getAttribute('data-outcome')).toBeNull();
  });
}

/** All messages as a person reads them: who, and what. */
export async function transcript({ page }: StudioPage): Promise<string[]> {
  return page.locator('[data-role]').evaluateAll((nodes) =>
    nodes.map(
      // biome-ignore lint/performance/useDomNodeTextContent: what a person sees counts, not what is hidden.
      (node) => `${node.getAttribute('data-role')}: ${(node as { innerText?: string }).innerText ?? ''}`,
    ),
  );
}

/** Where the fixed parts of the page are. */
export async function placeOf({ page }: StudioPage): Promise<unknown> {
  return Promise.all([
    page.getByTestId('composer-form').boundingBox(),
    page.getByTestId('connection-pill').boundingBox(),
    page
      .locator('[data-role="user"]')
      .boundingBox()
      .then((box) => box?.x),
  ]);
}

/** The address of the open thread, e.g. /t/abc. */
export async function threadAddress({ page }: StudioPage, studio: TestStudio): Promise<string> {
  return eventually(() => {
    const { pathname } = new URL(page.url());
    expect(pathname).toMatch(/^\/t\//);
    return studio.url + pathname;
  });
}
