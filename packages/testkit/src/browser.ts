import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { TestkitError } from './errors.ts';
import { atTeardown } from './teardown.ts';

const PROGRAMS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const FLAGS = [
  // As root, as in most containers, Chromium's sandbox does not start.
  '--no-sandbox',
  // A container's /dev/shm is too small for it.
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * The installed Chromium (`CHROMIUM_BIN`, else where Debian and others put it), headless; never a downloaded one. `newPage()`
 * gives a user of its own; two tabs of one user are `newContext()` and two of its `newPage()`.
 */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_BIN || PROGRAMS.find((program) => existsSync(program));
  if (executablePath === undefined) {
    throw new TestkitError(
      'not-started',
      'There is no Chromium: `npm test` installs it, or set CHROMIUM_BIN',
    );
  }
  // Loaded here, because most tests need no browser and it is large.
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  atTeardown(() => browser.close());
  return browser;
}
