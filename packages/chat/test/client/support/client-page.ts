import { join } from 'node:path';
import { openBrowser } from '@taproot/testkit';
import type { BrowserContext, Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import type { Peer } from '../../peer/peer.ts';

let script: Promise<string> | undefined;

/** A page of the peer with a client of its own, in a tab of the browser. */
export interface ClientPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Calls the client: `call("send('t', 'hello')")`. */
  call<T = unknown>(expression: string): Promise<T>;
  outbox(): Promise<{ readonly id: string; readonly text: string; readonly state: string }[]>;
  storage(): Promise<{ readonly durable: boolean; readonly problem?: string }>;
}

/** Opens a tab: a new user of the browser's, or another tab of the same. */
export async function openPage(peer: Peer, path = '/', of?: BrowserContext): Promise<ClientPage> {
  script ??= bundle();
  await serve(peer, await script);
  const context = of ?? (await (await openBrowser()).newContext());
  const page = await context.newPage();
  await page.goto(peer.url + path);
  const call = <T>(expression: string): Promise<T> => page.evaluate(`chat.${expression}`) as Promise<T>;
  return {
    page,
    context,
    call,
    outbox: () => page.evaluate('chat.outbox.map(({ id, text, state }) => ({ id, text, state }))'),
    storage: () => call('storage'),
  };
}

async function serve(peer: Peer, body: string): Promise<void> {
  peer.files.set('/page.js', { type: 'text/javascript', body });
  const head = '<!doctype html><link rel="icon" href="data:,">';
  const page = { type: 'text/html', body: `${head}<script src="/page.js"></script>` };
  peer.files.set('/', page);
  // An opaque origin, as a page has whose user forbids it to store anything.
  const headers = { 'content-security-policy': 'sandbox allow-scripts' };
  peer.files.set('/forbidden', { ...page, headers });
  peer.files.set('/bare', { type: 'text/html', body: head });
}

async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@taproot/source'] },
    build: {
      write: false,
      lib: { entry: join(import.meta.dirname, '../page/main.ts'), formats: ['iife'], name: 'page' },
    },
  });
  return (built as Rolldown.RolldownOutput[])[0]?.output[0].code ?? '';
}
