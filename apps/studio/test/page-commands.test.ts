import { eventually, startStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import {
  browse,
  openTab,
  type StudioPage,
  threadAddress,
  transcript,
  untilAnswered,
  untilTextStreams,
} from './support/page.ts';

const LONG = 'What can you do, and what is in Redis right now?';

async function outcomesOf({ answers }: StudioPage): Promise<(string | null)[]> {
  return answers().evaluateAll((nodes) => nodes.map((node) => node.getAttribute('data-outcome')));
}

test('an answer is stopped from another tab after a reload, keeps its text, and can be made anew', async () => {
  const studio = await startStudio();
  const browser = await browse();
  const first = await openTab(browser, studio.url);
  await first.ask(LONG);
  await untilTextStreams(first);
  const second = await openTab(browser, await threadAddress(first, studio), first.page);
  await untilTextStreams(second);
  await second.page.getByTestId('stop').press('Enter');
  for (const tab of [first, second]) {
    await eventually(async () => expect(await outcomesOf(tab)).toEqual(['stopped']));
    expect((await transcript(tab))[1]).toContain('Stopped');
  }
  expect(await transcript(first)).toEqual(await transcript(second));
  await first.page.getByTestId('regenerate').press('Enter');
  for (const tab of [first, second]) await untilAnswered(tab);
  await first.page.reload();
  await untilAnswered(first);
  expect(await transcript(first)).toEqual(await transcript(second));
  expect(await transcript(first)).toHaveLength(2);
});

test('a message is edited in its place by keyboard alone, in every tab, and Escape leaves it as it was', async () => {
  const studio = await startStudio();
  const browser = await browse();
  const tab = await openTab(browser, studio.url);
  await tab.ask('Is everything ready?');
  await untilAnswered(tab);
  await tab.ask('Who is connected?');
  await untilAnswered(tab, 2);
  const other = await openTab(browser, await threadAddress(tab, studio), tab.page);
  await untilAnswered(other, 2);
  const edit = tab.page.getByTestId('edit').first();
  await edit.press('Enter');
  await tab.page.getByTestId('edit-box').fill('never sent');
  await tab.page.getByTestId('edit-box').press('Escape');
  await edit.press('Enter');
  await tab.page.getByTestId('edit-box').fill('What can you do?');
  await tab.page.getByTestId('edit-box').press('Enter');
  for (const one of [tab, other]) {
    await eventually(async () => expect((await transcript(one))[0]).toContain('What can you do?'));
    await untilAnswered(one);
    expect(await transcript(one)).toHaveLength(2);
  }
  expect(await transcript(tab)).toEqual(await transcript(other));
});
