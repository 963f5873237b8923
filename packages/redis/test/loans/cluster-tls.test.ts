import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Certificates,
  certificates,
  eventually,
  freePort,
  startRedis,
  type TestRedis,
  temporaryFolder,
} from '@taproot/testkit';
import { expect, test } from 'vitest';
import { readyManager } from '../support/ready-manager.ts';
import { DRIVERS, lend } from './support.ts';

interface TlsCluster {
  readonly nodes: readonly TestRedis[];
  readonly tlsPorts: readonly number[];
  readonly pems: Certificates;
}

/** Two masters with half of the slots each, who know one another by their TLS ports. */
async function tlsCluster(): Promise<TlsCluster> {
  const pems = await certificates();
  const dir = temporaryFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const asClient = [
    ...['--tls-client-cert-file', file('client.crt', pems.client.cert)],
    ...['--tls-client-key-file', file('client.key', pems.client.key)],
  ];
  const tlsPorts = [await freePort(), await freePort()];
  const nodes = await Promise.all(
    tlsPorts.map((port) =>
      startRedis({
        args: [
          ...['--cluster-enabled', 'yes', '--tls-cluster', 'yes', '--tls-port', String(port)],
          ...pems.redisArgs,
          ...asClient,
        ],
      }),
    ),
  );
  for (const [index, node] of nodes.entries()) {
    await node.cli('CLUSTER', 'ADDSLOTSRANGE', String(index * 8192), String(index * 8192 + 8191));
    await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  await nodes[0]?.cli('CLUSTER', 'MEET', '127.0.0.1', String(tlsPorts[1]));
  for (const node of nodes)
    await eventually(
      async () => {
        const info = await node.cli('CLUSTER', 'INFO');
        expect(info).toContain('cluster_state:ok');
        expect(info).toContain('cluster_slots_ok:16384');
      },
      { timeoutMs: 20_000 },
    );
  return { nodes, tlsPorts, pems };
}

test.each(DRIVERS)(
  'a loan (%s) reaches all nodes of a Cluster over TLS, with the client certificate',
  async (driver) => {
    const { nodes, tlsPorts, pems } = await tlsCluster();
    const url = `rediss+cluster://127.0.0.1:${tlsPorts[0]}`;
    const manager = await readyManager(url, { tls: { ca: pems.ca, ...pems.client } });
    const client = await lend(manager, driver);
    const keys = Array.from({ length: 20 }, (_, n) => `key${n}`);
    for (const key of keys) expect(await client.set(key, key)).toBe('OK');
    for (const key of keys) expect(await client.get(key)).toBe(key);
    for (const [index, node] of nodes.entries()) {
      expect(await node.cli('DBSIZE')).not.toBe('0');
      const list = await node.cli('CLIENT', 'LIST');
      const ours = list.split('\n').filter((line) => line.includes('name=taproot:loan:test'));
      expect(ours.length).toBeGreaterThan(0);
      for (const line of ours) expect(line).toContain(`laddr=127.0.0.1:${tlsPorts[index]}`);
    }
  },
);
