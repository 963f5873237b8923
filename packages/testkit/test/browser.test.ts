import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { openBrowser } from '../src/index.ts';

/** A page whose script writes the cookie that the browser sent. */
async function servePage(): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader('set-cookie', 'name=ann').setHeader('content-type', 'text/html');
    response.end(`<h1></h1><script>document.querySelector('h1').textContent =
      ${JSON.stringify(request.headers.cookie ?? 'a stranger')}</script>`);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
}

test('two tabs of one context are one user, and a new page is another', async () => {
  const url = await servePage();
  const browser = await openBrowser();
  const context = await browser.newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await first.goto(url);
  expect(await first.textContent('h1')).toBe('a stranger');
  await second.goto(url);
  expect(await second.textContent('h1')).toBe('name=ann');
  const other = await browser.newPage();
  await other.goto(url);
  expect(await other.textContent('h1')).toBe('a stranger');
});
