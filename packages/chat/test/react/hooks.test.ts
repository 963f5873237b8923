import { join } from 'node:path';
import { eventually, openBrowser } from '@taproot/testkit';
import { build, type Rolldown } from 'vite';
import { beforeAll, expect, test } from 'vitest';
import { Peer } from '../peer/peer.ts';
import { answer, DONE, delta, end, STARTED, start, userMessage } from '../peer/script.ts';

let script = '';

beforeAll(async () => {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    // React's development build: StrictMode does what it is for only there.
    define: { 'process.env.NODE_ENV': '"development"' },
    resolve: { conditions: ['@taproot/source'] },
    build: {
      write: false,
      minify: false,
      lib: { entry: join(import.meta.dirname, 'page/main.tsx'), formats: ['es'] },
    },
  });
  script = (built as Rolldown.RolldownOutput[])[0]?.output[0].code ?? '';
});

/** What a person sees on a page. */
interface Tab {
  readonly lines: () => Promise<string[]>;
  readonly text: (id: string) => Promise<string | null>;
  readonly click: (id: string) => Promise<void>;
  readonly problems: string[];
}

async function openTabs(peer: Peer, count: number): Promise<Tab[]> {
  peer.files.set('/page.js', { type: 'text/javascript', body: script });
  const head = '<!doctype html><link rel="icon" href="data:,">';
  const body = `${head}<div id="root"></div><script type="module" src="/page.js"></script>`;
  peer.files.set('/', { type: 'text/html', body });
  const browser = await openBrowser();
  const context = await browser.newContext();
  return Promise.all(
    Array.from({ length: count }, async () => {
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
      await page.goto(peer.url);
      return {
        lines: () => page.locator('li').allTextContents(),
        text: (id) => page.locator(`#${id}`).textContent(),
        click: (id) => page.locator(`#${id}`).click(),
        problems,
      };
    }),
  );
}

test('two tabs in StrictMode show the same question and the same growing answer', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r0', userMessage('m0', 'before'), ...answer('earlier'));
  const tabs = await openTabs(peer, 2);
  for (const tab of tabs) {
    await eventually(async () => expect(await tab.text('connection')).toBe('open ready'));
    await eventually(async () => expect(await tab.lines()).toEqual(['user: before', 'assistant: earlier']));
  }
  await tabs[0]?.click('send');
  for (const tab of tabs)
    await eventually(async () => expect((await tab.lines()).at(-1)).toBe('waiting: hello'));
  peer.append('t', 'r1', STARTED, start('t'), delta('t', 'half '));
  for (const tab of tabs) {
    await eventually(async () => {
      expect((await tab.lines()).slice(2)).toEqual(['user: hello', 'assistant: half ']);
      expect(await tab.text('status')).toBe('running');
    });
  }
  peer.cut();
  peer.append('t', 'r1', delta('t', 'whole'), end('t'), DONE);
  for (const tab of tabs) {
    await eventually(async () => expect((await tab.lines()).slice(3)).toEqual(['assistant: half whole']));
    await eventually(async () => expect(await tab.text('status')).toBe('idle'));
    expect(tab.problems).toEqual([]);
  }
});

test('a thread that is unmounted in the middle of an answer goes on, and is whole when it is mounted again', async () => {
  const peer = await Peer.start();
  const [tab] = await openTabs(peer, 1);
  await eventually(async () => expect(await tab?.text('status')).toBe('idle'));
  await tab?.click('send');
  await eventually(() => expect(peer.log('t').sent.size).toBe(1));
  peer.append('t', 'r1', STARTED, start('t'), delta('t', 'half '));
  await eventually(async () => expect(await tab?.lines()).toEqual(['user: hello', 'assistant: half ']));
  await tab?.click('toggle');
  await eventually(() => expect(peer.ofType('detach')).toHaveLength(1));
  peer.append('t', 'r1', delta('t', 'whole'));
  await tab?.click('toggle');
  await eventually(async () => expect(await tab?.lines()).toEqual(['user: hello', 'assistant: half whole']));
  expect(await tab?.text('status')).toBe('running');
  expect(peer.ofType('stop')).toEqual([]);
  expect(tab?.problems).toEqual([]);
});
