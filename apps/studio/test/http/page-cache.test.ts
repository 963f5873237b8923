import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@taproot/testkit';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { addPage } from '../../src/http/page.ts';

test('only files with a hash in their name are kept for a year, wherever the project lies', async () => {
  const folder = join(temporaryFolder(), 'assets', 'dist');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'assets/index-1a2b.js'), '');
  const app = fastify();
  await addPage(app, folder);
  const kept = async (url: string): Promise<unknown> => (await app.inject(url)).headers['cache-control'];
  expect(await kept('/')).toBe('no-cache');
  expect(await kept('/t/some-thread')).toBe('no-cache');
  expect(await kept('/assets/index-1a2b.js')).toBe('public, max-age=31536000, immutable');
});
