import { eventually, startRedis, startStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { browse, openTab, type StudioPage, untilAnswered } from './support/page.ts';
import { signIn } from './support/visitor.ts';

const TYPED = 'a long text that nobody wants to type again';

async function heading({ page }: StudioPage): Promise<string | null> {
  return page.getByTestId('load-problem').locator('h2').textContent();
}

/** As a person gets the text out of a chat that is gone. */
async function editElsewhere({ page }: StudioPage): Promise<void> {
  const refused = page.locator('[data-state="refused"]', { hasText: TYPED });
  await eventually(async () => expect(await refused.count()).toBe(1), { timeoutMs: 30_000 });
  expect(await page.getByTestId('composer').isEditable()).toBe(false);
  await refused.getByRole('button', { name: 'Edit' }).click();
  await eventually(async () => expect(await page.getByTestId('composer').inputValue()).toBe(TYPED));
  expect(new URL(page.url()).pathname).toBe('/');
  await page.getByTestId('composer').press('Enter');
}

test('what was typed into a chat that somebody deleted meanwhile is kept, and can be asked elsewhere', async () => {
  const redis = await startRedis();
  const [studio, other] = await Promise.all([1, 2].map(() => startStudio({ env: { REDIS_URL: redis.url } })));
  const tab = await openTab(await browse(), studio?.url ?? '');
  await tab.ask('Is everything ready?');
  await untilAnswered(tab);
  const address = new URL(tab.page.url()).pathname;
  studio?.freeze();
  await tab.ask(TYPED);
  const headers = {
    authorization: `Bearer ${other && (await signIn(other))}`,
    'content-type': 'application/json',
  };
  const path = address.replace('/t/', '/threads/');
  expect((await fetch(`${other?.url}${path}`, { method: 'DELETE', headers, body: '{}' })).status).toBe(204);
  studio?.thaw();
  await eventually(async () => expect(await heading(tab)).toMatch(/was deleted|no such chat/), {
    timeoutMs: 30_000,
  });
  await editElsewhere(tab);
  await untilAnswered(tab);
});

test('what was typed while Redis lost everything is kept, and can be asked elsewhere', async () => {
  const redis = await startRedis();
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const tab = await openTab(await browse(), studio.url);
  await tab.ask('Is everything ready?');
  await untilAnswered(tab);
  studio.freeze();
  await tab.ask(TYPED);
  await redis.cli('FLUSHALL');
  studio.thaw();
  await eventually(async () => expect(await heading(tab)).toBe('This chat is gone'), { timeoutMs: 30_000 });
  await editElsewhere(tab);
  await untilAnswered(tab);
});

test('a page that sees Redis lose everything says so, signs in by itself and goes on in a new chat', async () => {
  const redis = await startRedis();
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const tab = await openTab(await browse(), studio.url);
  await tab.ask('Is everything ready?');
  await untilAnswered(tab);
  await redis.cli('FLUSHALL');
  await eventually(async () => expect(await heading(tab)).toBe('This chat is gone'), { timeoutMs: 30_000 });
  expect(await tab.page.locator('[data-reason="wiped"]').count()).toBe(1);
  await tab.page.getByTestId('load-problem').getByRole('button', { name: 'New chat' }).click();
  await tab.ask('Is everything ready?');
  await untilAnswered(tab);
});
