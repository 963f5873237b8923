import { startRedis } from '@taproot/testkit';
import { createClient } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { taprootRedis } from './support.ts';

describe('hostile names', () => {
  const names = [
    '\u001b[31mred\u001b[0m',
    'a\r\nb',
    '\u001b]0;title\u0007',
    '\u202eright-to-left',
    '',
    ' ',
    '\0',
    'x'.repeat(3000),
    '\u009b31m',
    'user:\u001b[2J:profile',
  ];

  test.each([[[]], [['--show-names']], [['--json']], [['--json', '--show-names']]])(
    'of keys, clients and commands are nothing that a terminal obeys, with %j',
    async (args) => {
      const redis = await startRedis({ args: ['--slowlog-log-slower-than', '0'] });
      const client = createClient({ url: redis.url });
      client.on('error', () => undefined);
      onTestFinished(() => client.destroy());
      await client.connect();
      for (const name of names) await client.set(name, 'x');
      await client.set(Buffer.from([0xff, 0x1b, 0x5b, 0x33]) as unknown as string, 'x');
      // Redis lets any printable name through; what it shows comes from CLIENT LIST.
      await client.sendCommand(['CLIENT', 'SETNAME', 'worker<!--']);
      await client.sendCommand(['\u001b[31m']).catch(() => undefined);
      const { status, stdout, stderr } = await taprootRedis(['inspect', redis.url, '--top', '50', ...args]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).not.toMatch(/[^\P{C}\n]/u);
      if (args.includes('--json'))
        expect(JSON.parse(stdout)).toMatchObject({ keys: { total: names.length + 1 } });
      else for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(260);
    },
  );
});
