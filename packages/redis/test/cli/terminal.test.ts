import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { faultProxy, startProcess, startRedis, temporaryFolder } from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import { progressLine } from '../../src/cli/progress.ts';
import { COMMAND } from './support.ts';

const CLEAR_LINE = '\r\u001b[K';

/** Runs the command in a terminal of so many columns, by util-linux' `script`; `redirect` takes a stream away from it. */
async function inTerminal(
  columns: number,
  url: string,
  redirect = '',
  env: Record<string, string> = {},
): Promise<string> {
  const command = [process.execPath, ...COMMAND, 'inspect', url].map((word) => `'${word}'`).join(' ');
  const shell = startProcess(
    'script',
    ['-qec', `stty cols ${columns}; ${command} ${redirect}`, '/dev/null'],
    // Nothing else of this process' environment: `CI`, for one, takes colours away from a terminal.
    { env: { PATH: process.env.PATH ?? '', TERM: 'xterm', ...env } },
  );
  expect(await shell.exit).toEqual({ code: 0, signal: null });
  return shell.output();
}

async function slowServer(): Promise<string> {
  const redis = await startRedis();
  await redis.cli('EVAL', "for i = 1, 3000 do redis.call('SET', 'user:' .. i .. ':profile', i) end", '0');
  const proxy = await faultProxy({ target: { port: redis.port } });
  proxy.latency(15);
  return proxy.url;
}

describe('the progress bar', () => {
  test('is drawn on the terminal’s last line while a walk takes long, and is gone at the end', async () => {
    const output = await inTerminal(80, await slowServer());
    expect(output).toMatch(/█+░* +\d+ % {2}[\d,]+ of 3,000 keys/);
    const afterBars = output.slice(output.lastIndexOf(CLEAR_LINE) + CLEAR_LINE.length);
    expect(afterBars).toContain('Memory by keyspace');
    expect(afterBars).not.toContain('left at most');
  });

  test('goes to stderr, so that a file gets the report alone', async () => {
    const file = join(temporaryFolder(), 'report.txt');
    const shown = await inTerminal(80, await slowServer(), `> '${file}'`);
    expect(shown).toContain('of 3,000 keys');
    expect(shown).not.toContain('Memory by keyspace');
    expect(readFileSync(file, 'utf8')).not.toMatch(/[^\P{Cc}\n]/u);
    expect(readFileSync(file, 'utf8')).toContain('Memory by keyspace');
  });

  test('is not drawn where stderr is no terminal', async () => {
    const file = join(temporaryFolder(), 'errors.txt');
    await inTerminal(80, await slowServer(), `2> '${file}'`);
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  test('never claims more than there is', () => {
    expect(progressLine({ scanned: 90, total: 0 }, 1000, 10_000)).toContain('100 %  0 of 0 keys');
    expect(progressLine({ scanned: 300, total: 200 }, 1000, 10_000)).toContain('100 %  200 of 200 keys');
    expect(progressLine({ scanned: 0, total: 200 }, 1000, 10_000)).toContain(
      '  0 %  0 of 200 keys  9 s left at most',
    );
    expect(progressLine({ scanned: 50, total: 200 }, 1000, 10_000)).toContain(
      ' 25 %  50 of 200 keys  3 s left at most',
    );
  });
});

describe('a terminal of', () => {
  test.each([60, 80, 200])('%d columns gets no longer line, and colours', async (columns) => {
    const redis = await startRedis();
    for (let id = 0; id < 40; id++)
      await redis.cli('SET', `user:${id}:a-rather-long-word-for-a-field-of-things:${'x'.repeat(30)}`, 'x');
    await redis.cli('SET', '表表表表表表表表表表表表表表表表表表表表表表', 'x');
    const output = await inTerminal(columns, redis.url);
    expect(output).toContain('\u001b[');
    for (const line of stripVTControlCharacters(output).split(/\r?\n/))
      expect(columnsOf(line)).toBeLessThanOrEqual(columns);
  });

  test('any width gets no colours where NO_COLOR is set', async () => {
    const redis = await startRedis();
    expect(await inTerminal(80, redis.url, '', { NO_COLOR: '1' })).not.toContain('\u001b[');
  });
});

function columnsOf(line: string): number {
  return [...line].reduce((sum, character) => sum + (/\p{Script=Han}/u.test(character) ? 2 : 1), 0);
}
