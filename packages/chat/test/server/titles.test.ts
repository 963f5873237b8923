import { expect, test } from 'vitest';
import { ask, startDeployment, USER } from './support/deployment.ts';
import { HeldAgent } from './support/held-agent.ts';

const FAMILY = '👨‍👩‍👧';

test('a title is cut between characters as people see them', async () => {
  const deployment = await startDeployment();
  const member = await deployment.server(new HeldAgent().agent, { role: 'gateway' });
  const { threads } = member.chat;
  const long = `${'x'.repeat(75)}${FAMILY}${FAMILY}`;
  const cut = 'x'.repeat(75);
  const { id, title } = await threads.create(USER, long);
  expect(title).toBe(cut);
  expect(await threads.rename(USER, id, `y${long}`)).toMatchObject({ title: `y${cut}` });
  const thread = await ask(member, long);
  expect(await threads.get(USER, thread)).toMatchObject({ title: `${cut}…` });
});

test('a title of 80 characters is kept whole, and one endless character makes none longer', async () => {
  const deployment = await startDeployment();
  const { chat } = await deployment.server(new HeldAgent().agent, { role: 'gateway' });
  const whole = `${'x'.repeat(78)}😀`;
  expect(await chat.threads.create(USER, whole)).toMatchObject({ title: whole });
  const endless = `xx a${'\u0301'.repeat(150)}`;
  expect(await chat.threads.create(USER, endless)).toMatchObject({ title: 'xx ' });
});
