import { join } from 'node:path';
import { eventually, freePort, startProcess, temporaryFolder } from '@taproot/testkit';
import { expect, test } from 'vitest';

const EXAMPLES = join(import.meta.dirname, '../../../../examples');

function example(
  name: string,
  args: readonly string[],
  cwd: string,
  port = 0,
): ReturnType<typeof startProcess> {
  const file = join(EXAMPLES, name);
  const { REDIS_URL: _, ...env } = process.env;
  return startProcess(process.execPath, ['--conditions=@taproot/source', file, ...args], {
    cwd,
    env: { ...env, PORT: String(port) },
  });
}

test.each(['chat-fastify.ts', 'chat-express.ts'])('%s serves a client, and ends on SIGTERM', async (name) => {
  const folder = await temporaryFolder();
  const port = await freePort();
  const server = example(name, [], folder, port);
  await eventually(() => expect(server.output()).toContain(String(port)), { timeoutMs: 30_000 });
  const client = example('chat-client.ts', [`http://127.0.0.1:${port}`], folder);
  expect(await client.exit).toMatchObject({ code: 0 });
  expect(client.output()).toMatch(/you said: Hello!/i);
  const url = `http://127.0.0.1:${port}`;
  const refused = await fetch(`${url}/threads`, {
    method: 'POST',
    headers: { origin: 'http://evil.example' },
  });
  expect(refused.status).toBe(403);
  expect(await server.stop()).toMatchObject({ code: 0 });
});
