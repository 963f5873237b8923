import { expect, test } from 'vitest';
import { eventually } from '../src/index.ts';

test('waits until the assertion holds, and gives its result', async () => {
  let looks = 0;
  const look = (): number => {
    looks += 1;
    expect(looks).toBe(3);
    return looks;
  };
  expect(await eventually(look, { everyMs: 1 })).toBe(3);
});

test('ends with the last failure of the assertion', async () => {
  const waiting = eventually(() => expect(1).toBe(2), { timeoutMs: 30, everyMs: 5 });
  await expect(waiting).rejects.toThrow('expected 1 to be 2');
});

test('says what was waited for, if told', async () => {
  const waiting = eventually(() => expect(1).toBe(2), { timeoutMs: 30, message: 'one is two' });
  await expect(waiting).rejects.toMatchObject({
    code: 'not-true',
    message: expect.stringContaining('one is two: expected 1 to be 2'),
  });
});

test('ends also when the assertion never settles', async () => {
  const waiting = eventually(() => new Promise(() => undefined), { timeoutMs: 30 });
  await expect(waiting).rejects.toMatchObject({ code: 'not-true' });
});
