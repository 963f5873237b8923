import { eventually } from '@taproot/testkit';
import { expect, test, vi } from 'vitest';
import {
  answer,
  DONE,
  delta,
  end,
  STARTED,
  start,
  THINKING,
  userMessage,
} from '../../../packages/chat/test/peer/script.ts';
import { expectAccessible } from './support/accessible.ts';
import { openScripted } from './support/scripted.ts';

// axe looks at each state in two widths and two colours.
vi.setConfig({ testTimeout: 180_000 });

const WAITING = { type: 'tool_waiting', tool: 'pay', callId: 'c', input: { amount: 5 } } as const;

test.each([
  ['approve', true, 'done'],
  ['deny', false, 'denied'],
])('a tool that asks counts down, and %s answers it once', async (button, approve, state) => {
  const { peer, tab } = await openScripted();
  const answers: unknown[] = [];
  peer.intercept = (frame, socket) => {
    if (frame.type !== 'answer') return false;
    answers.push(frame.approve);
    const { thread, run, callId } = frame;
    const by = { id: 'u', name: 'U' };
    peer.append(thread, run, { type: 'tool_answered', callId, approve: frame.approve, by });
    peer.tell(socket, { type: 'accepted', thread, id: callId, seq: peer.log(thread).head.seq, run });
    return true;
  };
  peer.append('t', 'r', userMessage('m', 'pay'), STARTED, THINKING);
  peer.append('t', 'r', { ...WAITING, expiresAt: Date.now() + 90_500 });
  const { page } = tab;
  await eventually(async () =>
    expect(await page.getByTestId('approval-left').textContent()).toMatch(/^1:2\d/),
  );
  const left = await page.getByTestId('approval-left').textContent();
  await eventually(async () => expect(await page.getByTestId('approval-left').textContent()).not.toBe(left));
  await expectAccessible(page, 'asking');
  await page.getByTestId(button).press('Enter');
  await eventually(() => expect(answers).toEqual([approve]));
  const result = approve ? { output: { paid: 5 } } : { error: 'not allowed' };
  peer.append('t', 'r', { type: 'tool_completed', tool: 'pay', callId: 'c', ...result }, DONE);
  await eventually(async () =>
    expect(await page.locator(`[data-tool="pay"][data-state="${state}"]`).count()).toBe(1),
  );
  expect(await page.getByTestId('approve').count()).toBe(0);
  await expectAccessible(page, 'answered');
});

test('a question that nobody can answer any more cannot be answered', async () => {
  const { peer, tab } = await openScripted();
  peer.append('t', 'r', userMessage('m', 'pay'), STARTED, { ...WAITING, expiresAt: Date.now() - 1000 });
  await eventually(async () => expect(await tab.page.getByTestId('approve').isDisabled()).toBe(true));
  expect(await tab.page.getByTestId('deny').isDisabled()).toBe(true);
});

test('what a model thinks is shown while it thinks and folded then; a code block can be copied', async () => {
  const { peer, tab } = await openScripted();
  const { page } = tab;
  peer.append('t', 'r', userMessage('m', 'why?'), STARTED, THINKING);
  peer.append(
    't',
    'r',
    { type: 'reasoning-start', id: 'a' },
    { type: 'reasoning-delta', id: 'a', delta: 'Let me see.' },
  );
  await eventually(async () => expect(await page.getByText('Let me see.').isVisible()).toBe(true));
  peer.append('t', 'r', { type: 'reasoning-end', id: 'a' }, start('t'), delta('t', '```sh\necho hi\n```\n'));
  await eventually(async () => expect(await page.getByText('Let me see.').isVisible()).toBe(false));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('.code-block').getByRole('button', { name: 'Copy' }).press('Enter');
  await eventually(async () => expect(await page.evaluate('navigator.clipboard.readText()')).toBe('echo hi'));
  peer.append('t', 'r', end('t'), DONE);
  await page.getByTestId('reasoning').locator('summary').press('Enter');
  expect(await page.getByText('Let me see.').isVisible()).toBe(true);
  await expectAccessible(page, 'reasoning');
});

test('a refused message stays with its text after a reload; a rolled back log is told; axe finds nothing serious', async () => {
  const { peer, tab } = await openScripted();
  const { page } = tab;
  peer.append('t', 'r0', userMessage('m0', 'hi'), ...answer('hello'));
  await eventually(async () => expect(await tab.answers().count()).toBe(1));
  peer.sendErrors.push({ code: 'not-found', message: 'no such thread', applied: 'no' });
  await tab.ask('my words');
  const refused = page.locator('[data-state="refused"]');
  await eventually(async () => expect(await refused.textContent()).toContain('my words'));
  await page.reload();
  await eventually(async () => expect(await refused.textContent()).toContain('my words'));
  peer.append('t', 'r1', userMessage('m1', 'more'), STARTED);
  await eventually(async () => expect(await tab.answers().count()).toBe(2));
  peer.log('t').rollback(8);
  peer.cut();
  await eventually(async () => expect(await page.getByTestId('reset-banner').count()).toBe(1));
  await expectAccessible(page, 'refused and rolled back');
  await refused.getByRole('button', { name: 'Discard' }).click();
  await eventually(async () => expect(await refused.count()).toBe(0));
});

test('what is written into a new chat while the server is away survives a reload, and the chat goes on', async () => {
  const { peer, tab } = await openScripted();
  const { page } = tab;
  await page.goto(peer.url);
  await eventually(async () => expect(await tab.pill()).toBe('ready'));
  peer.refuse = { status: 503, retryAfter: '600' };
  peer.cut();
  await eventually(async () => expect(await tab.pill()).toBe('redis-away'));
  await tab.ask('one');
  await tab.ask('two');
  await page.reload();
  peer.refuse = undefined;
  await page.reload();
  await eventually(() =>
    expect([...peer.log('th1').sent.values()].map(({ text }) => text)).toEqual(['one', 'two']),
  );
  await eventually(() => expect(new URL(page.url()).pathname).toBe('/t/th1'));
  peer.append('th1', 'r1', ...answer('first'));
  peer.append('th1', 'r2', ...answer('second'));
  await eventually(async () => expect(await tab.answers().count()).toBe(2));
  expect(peer.created).toEqual(['th1']);
});

test('a page that cannot store what waits says so under the box', async () => {
  const { peer, tab } = await openScripted();
  const { page } = tab;
  await eventually(async () => expect(await tab.pill()).toBe('ready'));
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: peer.url, quotaSize: 1 });
  peer.refuse = { status: 503, retryAfter: '600' };
  peer.cut();
  await tab.ask('x'.repeat(50_000));
  await eventually(async () =>
    expect(await page.locator('.composer-hint').textContent()).toMatch(/Keep this page open/),
  );
});
