import { eventually, startRedis, startStudio } from '@taproot/testkit';
import { expect, test, vi } from 'vitest';
import { expectAccessible } from './support/accessible.ts';
import { browse, openTab, untilAnswered } from './support/page.ts';

// axe looks at each state in two widths and two colours.
vi.setConfig({ testTimeout: 180_000 });

test('operators see readiness, connections, keyspaces, runs and deliveries, live, and axe nothing serious', async () => {
  const studio = await startStudio();
  const tab = await openTab(await browse(), studio.url);
  const { page } = tab;
  await tab.ask('What is in Redis right now?');
  await untilAnswered(tab);
  await page.getByTestId('operations-link').click();
  const card = (name: string) => page.getByRole('region', { name });
  await eventually(async () => expect(await card('Readiness').textContent()).toMatch(/ready.*pubsub/));
  await eventually(async () => expect(await card('Connections by owner').textContent()).toContain('manager'));
  expect(await card('Keyspaces by memory').textContent()).toMatch(/log/);
  expect(await page.getByTestId('runs').textContent()).toMatch(/0 running/);
  const delivered = async (): Promise<string> => (await card('This process').textContent()) ?? '';
  await eventually(async () => expect(await delivered()).toMatch(/Events delivered[1-9]/));
  const drawn = page.locator('.plot canvas');
  await eventually(async () => expect(await drawn.count()).toBe(2));
  await expectAccessible(page, 'operations');
  // Another tab talks; this one shows it by itself.
  const before = await delivered();
  const other = await openTab(await browse(), studio.url);
  await other.ask('Is everything ready?');
  await untilAnswered(other);
  await eventually(async () => expect(await delivered()).not.toBe(before));
  await page.reload();
  await eventually(async () => expect(await card('Readiness').count()).toBe(1));
});

test('figures are for operators, cost one inspection however many ask, and go on while Redis is away', async () => {
  const redis = await startRedis();
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const ask = (headers: Record<string, string> = {}) => fetch(`${studio.url}/operations`, { headers });
  // As if it came through a proxy: not from this machine, and nobody is signed in.
  expect((await ask({ 'x-forwarded-for': '203.0.113.9' })).status).toBe(404);
  const inspections = async (): Promise<number> => {
    const calls = await redis.cli('INFO', 'commandstats');
    return Number(/cmdstat_slowlog\|get:calls=(\d+)/.exec(calls)?.[1] ?? 0);
  };
  await (await ask()).json();
  const before = await inspections();
  expect(before).toBeGreaterThan(0);
  const start = performance.now();
  const reports: unknown[] = [];
  for (let round = 0; round < 12; round++) {
    const asked = Array.from({ length: 5 }, async () => (await ask()).json() as Promise<unknown>);
    reports.push(...(await Promise.all(asked)));
  }
  // They look again after five seconds.
  const due = Math.ceil((performance.now() - start) / 5000);
  expect(await inspections()).toBeLessThanOrEqual(before + due);
  expect(reports[0]).toMatchObject({
    readiness: { state: 'ready', checks: { write: { ok: true } } },
    deployment: { runs: { open: 0 }, connections: { total: expect.any(Number) } },
  });
  expect(JSON.stringify(reports[0])).not.toMatch(/127\.0\.0\.1|203\.0/);
  await redis.kill();
  await eventually(async () => {
    const report = (await (await ask()).json()) as { readiness: { state: string }; problem?: string };
    expect(report.readiness.state).not.toBe('ready');
    expect(report.problem).toMatch(/\w/);
  });
});

test('the address of the operators is a page for browsers', async () => {
  const studio = await startStudio();
  const response = await fetch(`${studio.url}/operations`, { headers: { accept: 'text/html' } });
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  expect(response.headers.get('vary')).toMatch(/accept/i);
});
