import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Peer } from '../peer/peer.ts';
import { clientOf } from './setup.ts';

const ENTRY = join(import.meta.dirname, '../../src/client/index.ts');
const MAX_BYTES = 12_000;

test('the whole client is less than 12 kB of compressed script, one file, without dependencies', async () => {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: true, lib: { entry: ENTRY, formats: ['es'] } },
  });
  const { output } = (built as Rolldown.RolldownOutput[])[0] ?? expect.fail('nothing was built');
  expect(output).toHaveLength(1);
  const [{ code, modules, imports }] = output;
  expect(imports).toEqual([]);
  expect(Object.keys(modules).filter((id) => id.includes('node_modules'))).toEqual([]);
  expect(gzipSync(code).length).toBeLessThan(MAX_BYTES);
});

test('a client works with the WebSocket of ws, for platforms that have none', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer, { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket });
  await client.send('t', 'hello').accepted;
  peer.cut();
  await client.send('t', 'again').accepted;
  expect(peer.log('t').sent.size).toBe(2);
});
