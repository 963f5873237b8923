import { createChatClient } from '@taproot/chat/client';
import { eventually, startStudio, type TestStudio } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { type Answer, call } from './support/http.ts';
import { mutatedFrames, mutatedRequests } from './support/mutations.ts';
import { connected, type Wire } from './support/wire.ts';

const SEED = 20_260_101;
/** The frames of a fuzzer come as fast as they can. */
const UNHURRIED = {
  env: { TAPROOT_LIMITS: 'framesPerSecond=100000,bytesPerSecond=1000000000,requestsPerSecond=100000' },
};

async function signIn({ url }: TestStudio, name: string): Promise<string> {
  const answer = await call(url, '/auth/demo', { method: 'POST', body: JSON.stringify({ name }) });
  return String(answer.json().token);
}

async function newThread({ url }: TestStudio, token: string): Promise<string> {
  return String((await call(url, '/threads', { method: 'POST', token, body: '{}' })).json().id);
}

/** Whether the protocol lets the socket live: the text is a JSON object. */
function isObject(text: string): boolean {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null && !Array.isArray(read);
  } catch {
    return false;
  }
}

/** Resolves when the server has answered all that was sent before. */
async function settled(wire: Wire, n: number): Promise<void> {
  wire.send({ type: 'sync', id: `sync-${n}` });
  await eventually(() => expect(wire.of('error').some(({ ref }) => ref === `sync-${n}`)).toBe(true), {
    timeoutMs: 30_000,
  });
}

/** A new visitor asks, and is answered: the server is none the worse. */
async function expectAnswers(studio: TestStudio): Promise<void> {
  const client = createChatClient({ url: studio.url, token: await signIn(studio, 'Visitor') });
  onTestFinished(() => client.close());
  const { id } = await client.createThread();
  const outcomes: unknown[] = [];
  client.thread(id).on('event', ({ data }) => 'outcome' in data && outcomes.push(data.outcome));
  await client.send(id, 'Is everything ready?').accepted;
  await eventually(() => expect(outcomes).toEqual(['done']), { timeoutMs: 30_000 });
  expect(studio.output()).not.toMatch(/"level":(50|60)|Error:|UnhandledPromise/);
}

test('3000 mutated frames close no socket that was sent objects only, and every other one with 1008', async () => {
  const studio = await startStudio(UNHURRIED);
  const token = await signIn(studio, 'Fuzzer');
  const threads = [await newThread(studio, token), await newThread(studio, await signIn(studio, 'Other'))];
  const texts = mutatedFrames(threads, 3000, SEED);
  const [objects, others] = [texts.filter(isObject), texts.filter((text) => !isObject(text))];
  expect([objects.length > 2000, others.length > 100]).toEqual([true, true]);
  const wire = await connected(studio.url, { token });
  for (const [n, text] of objects.entries()) {
    wire.send(text);
    if (n % 200 === 199) await settled(wire, n);
  }
  await settled(wire, objects.length);
  expect(wire.closed).toBeUndefined();
  expect(wire.of('error').filter(({ code }) => code === 'internal')).toEqual([]);
  expect(wire.of('error').length).toBeGreaterThan(1000);
  for (let n = 0; n < others.length; n += 20) {
    const codes = others.slice(n, n + 20).map(async (text) => {
      const victim = await connected(studio.url, { token });
      victim.send(text);
      return [text, await victim.closeCode()];
    });
    for (const [text, code] of await Promise.all(codes)) expect([text, code]).toEqual([text, 1008]);
  }
  await expectAnswers(studio);
});

test('500 mutated requests get answers that are no failures of the server', async () => {
  const studio = await startStudio(UNHURRIED);
  const token = await signIn(studio, 'Fuzzer');
  const threads = [await newThread(studio, token), await newThread(studio, await signIn(studio, 'Other'))];
  const requests = mutatedRequests(threads, [token, token, 'x'.repeat(43)], 500, SEED);
  const answers: [string, Answer][] = [];
  for (let n = 0; n < requests.length; n += 10) {
    const some = requests
      .slice(n, n + 10)
      .map(
        async ({ path, ...rest }): Promise<[string, Answer]> => [
          JSON.stringify({ path, ...rest }),
          await call(studio.url, path, rest),
        ],
      );
    answers.push(...(await Promise.all(some)));
  }
  for (const [request, { status, headers, text }] of answers) {
    expect([request, status, text]).toEqual([
      request,
      expect.toSatisfy((code) => code < 500 || code === 501),
      text,
    ]);
    if (status >= 400)
      expect([request, headers['content-type']]).toEqual([request, expect.stringContaining('problem+json')]);
    if (!request.includes('"/assets') && status !== 304)
      expect([request, headers['cache-control']]).toEqual([
        request,
        expect.stringMatching(/no-store|no-cache/),
      ]);
  }
  const seen = new Set(answers.map(([, { status }]) => status));
  for (const status of [200, 201, 204, 400, 401, 403, 404, 415]) expect([...seen]).toContain(status);
  await expectAnswers(studio);
});
