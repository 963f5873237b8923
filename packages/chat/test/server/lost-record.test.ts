import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import {
  ask,
  type Deployment,
  logOf,
  outcomes,
  startDeployment,
  untilOutcomes,
} from './support/deployment.ts';
import { HeldAgent } from './support/held-agent.ts';

async function lose({ redis }: Deployment, thread: string, run: string): Promise<void> {
  expect(await redis.cli('DEL', `taproot:{thread:${thread}}:run:${run}`)).toBe('1');
}

async function queueOf({ redis }: Deployment, thread: string): Promise<string[]> {
  return JSON.parse(await redis.cli('LRANGE', `taproot:{thread:${thread}}:queue`, '0', '-1')) as string[];
}

test('a run under way whose record is lost ends as orphaned, and the next message is answered', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const member = await deployment.server(held.agent);
  const thread = await ask(member, 'first');
  await eventually(() => expect(held.begun).toEqual(['first']));
  await ask(member, 'second', thread);
  const [first = '', second = ''] = await queueOf(deployment, thread);
  held.release();
  await lose(deployment, thread, first);
  await untilOutcomes(member, thread, ['orphaned lost', 'done']);
  expect(held.begun).toEqual(['first', 'second']);
  const ended = (await logOf(member, thread)).filter(({ event }) => event.type === 'run-ended');
  expect(ended.map(({ run }) => run)).toEqual([first, second]);
  expect(await queueOf(deployment, thread)).toEqual([]);
});

test('a lost run that no index knows either is ended by the run behind it', async () => {
  const deployment = await startDeployment();
  const gateway = await deployment.server(new HeldAgent().agent, { role: 'gateway' });
  const thread = await ask(gateway, 'first');
  const [first = ''] = await queueOf(deployment, thread);
  await lose(deployment, thread, first);
  const partitions = JSON.parse(await deployment.redis.cli('KEYS', 'taproot:{pending:*}')) as string[];
  expect(partitions).toHaveLength(1);
  await deployment.redis.cli('DEL', ...partitions);
  await ask(gateway, 'second', thread);
  const held = new HeldAgent();
  held.release();
  await deployment.server(held.agent, { role: 'worker' });
  await untilOutcomes(gateway, thread, ['orphaned lost', 'done']);
  expect(held.begun).toEqual(['second']);
});

test('a lost run that waits for its turn ends, and the one at work goes on', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const member = await deployment.server(held.agent);
  const thread = await ask(member, 'first');
  await eventually(() => expect(held.begun).toEqual(['first']));
  await ask(member, 'second', thread);
  const [first = '', second = ''] = await queueOf(deployment, thread);
  await lose(deployment, thread, second);
  await untilOutcomes(member, thread, ['orphaned lost']);
  expect(await queueOf(deployment, thread)).toEqual([first]);
  held.release();
  await eventually(async () => expect(await outcomes(member, thread)).toEqual(['orphaned lost', 'done']));
});
