import { eventually, startRedis, startStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import {
  browse,
  LIFECYCLE,
  openTab,
  placeOf,
  threadAddress,
  transcript,
  untilAnswered,
  untilTextStreams,
} from './support/page.ts';

const QUESTION = 'What is in Redis right now?';

test('a question is answered with its five lifecycle events, and is there again after a reload', async () => {
  const studio = await startStudio();
  const tab = await openTab(await browse(), studio.url);
  await tab.ask(QUESTION);
  await untilAnswered(tab);
  expect(await tab.answers().getAttribute('data-lifecycle')).toBe(LIFECYCLE);
  expect(await tab.page.locator('[data-tool][data-state="done"]').count()).toBeGreaterThan(0);
  const before = await transcript(tab);
  expect(before[0]).toContain(QUESTION);
  expect(before[1]).toContain('keys');
  await tab.page.reload();
  await untilAnswered(tab);
  expect(await transcript(tab)).toEqual(before);
  expect(await tab.answers().getAttribute('data-lifecycle')).toBe(LIFECYCLE);
});

test('two tabs show the same conversation, whichever of them asks', async () => {
  const studio = await startStudio();
  const browser = await browse();
  const first = await openTab(browser, studio.url);
  await first.ask(QUESTION);
  const second = await openTab(browser, await threadAddress(first, studio), first.page);
  await untilAnswered(first);
  await eventually(async () => expect(await second.pill()).toBe('ready'));
  await second.ask('How fast is Redis right now?');
  for (const tab of [first, second]) await untilAnswered(tab, 2);
  expect(await transcript(second)).toEqual(await transcript(first));
});

test('an answer survives Redis being killed in the middle of it, and nothing on the page jumps', async () => {
  const studio = await startStudio();
  const tab = await openTab(await browse(), studio.url);
  await tab.ask('What can you do, and what is in Redis right now?');
  await untilTextStreams(tab);
  const before = await placeOf(tab);
  process.kill(studio.redisPid ?? 0, 'SIGKILL');
  await eventually(async () => expect(await tab.pill()).toBe('redis-away'), { everyMs: 5 });
  expect(await placeOf(tab)).toEqual(before);
  await untilAnswered(tab);
  expect(await tab.pill()).toBe('ready');
  expect(await tab.answers().getAttribute('data-lifecycle')).toBe(LIFECYCLE);
});

test('a killed server is found again by the page, which does not jump and shows the whole answer once', async () => {
  const studio = await startStudio();
  const tab = await openTab(await browse(), studio.url);
  await tab.ask('What can you do, and what is in Redis right now?');
  await untilTextStreams(tab);
  const before = await placeOf(tab);
  await studio.kill();
  await eventually(async () => expect(await tab.pill()).toBe('reconnecting'));
  expect(await placeOf(tab)).toEqual(before);
  await tab.ask('Is everything ready?');
  await studio.restart();
  await untilAnswered(tab, 2);
  const shown = await transcript(tab);
  await tab.page.reload();
  await untilAnswered(tab, 2);
  expect(await transcript(tab)).toEqual(shown);
  expect(shown[1]).toContain('The server restarted');
});

test('a page opened before Redis answers waits, and connects by itself', async () => {
  const redis = await startRedis();
  await redis.kill();
  const studio = await startStudio({ env: { REDIS_URL: redis.url }, waitFor: 'listening' });
  const tab = await openTab(await browse(), studio.url);
  await eventually(async () => expect(await tab.pill()).toMatch(/redis-away|connecting|reconnecting/));
  await redis.restart();
  await eventually(async () => expect(await tab.pill()).toBe('ready'), { timeoutMs: 30_000 });
  await tab.ask('Is everything ready?');
  await untilAnswered(tab);
});

test('a log that was rolled back is told on the page, which goes on with what is there', async () => {
  const redis = await startRedis();
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const tab = await openTab(await browse(), studio.url);
  await tab.ask('Is everything ready?');
  await untilAnswered(tab);
  await tab.ask('How fast is Redis right now?');
  await untilAnswered(tab, 2);
  const thread = (await threadAddress(tab, studio)).split('/t/')[1] ?? '';
  await rollBack(redis, `taproot:{thread:${thread}}`);
  await eventually(async () => expect(await tab.page.locator('[data-reason="rollback"]').count()).toBe(1));
  await untilAnswered(tab, 1);
  await tab.ask('Who is connected?');
  await untilAnswered(tab, 2);
  expect((await transcript(tab)).filter((line) => line.startsWith('user:')).join()).not.toContain('How fast');
});

/** As a failover to a replica that lagged: the entries after the first run's end are gone. */
async function rollBack(redis: Awaited<ReturnType<typeof startRedis>>, prefix: string): Promise<void> {
  const script = `
    local entries = redis.call('XRANGE', KEYS[1], '-', '+')
    local keep
    for index, entry in ipairs(entries) do
      if string.find(entry[2][2], '"run-ended"', 1, true) then keep = index break end
    end
    for index = keep + 1, #entries do redis.call('XDEL', KEYS[1], entries[index][1]) end
    redis.call('XSETID', KEYS[1], entries[keep][1])
    redis.call('HSET', KEYS[2], 'seq', keep, 'chain', entries[keep][2][4])`;
  await redis.cli('EVAL', script, '2', `${prefix}:log`, `${prefix}:head`);
}

test.each([360, 1440])('the page has no sideways scrolling at %i px, light and dark', async (width) => {
  const studio = await startStudio();
  const browser = await browse();
  const tab = await openTab(browser, studio.url);
  await tab.page.setViewportSize({ width, height: 800 });
  await tab.ask(QUESTION);
  await untilAnswered(tab);
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.page.emulateMedia({ colorScheme });
    const [scroll, client] = (await tab.page.evaluate(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    )) as [number, number];
    expect(scroll).toBeLessThanOrEqual(client);
  }
});

test('the keyboard alone is enough to ask, to open a tool and to start another chat', async () => {
  const studio = await startStudio();
  const tab = await openTab(await browse(), studio.url);
  await eventually(async () => expect(await tab.pill()).toBe('ready'));
  await tab.page.getByTestId('composer').focus();
  await tab.page.keyboard.type(QUESTION);
  await tab.page.keyboard.press('Enter');
  await untilAnswered(tab);
  await tab.page.locator('[data-tool] summary').first().focus();
  await tab.page.keyboard.press('Enter');
  await eventually(async () =>
    expect(await tab.page.locator('details[data-tool][open], [data-tool] details[open]').count()).toBe(1),
  );
  await tab.page.getByTestId('new-chat').first().focus();
  await tab.page.keyboard.press('Enter');
  await eventually(async () => expect(await tab.page.getByTestId('empty-state').count()).toBe(1));
});
