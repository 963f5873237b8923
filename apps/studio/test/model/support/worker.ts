import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { modelAgent, modelTool } from '@taproot/chat/agents';
import { createChatServer } from '@taproot/chat/server';
import { createRedisManager } from '@taproot/redis';
import { z } from 'zod';
import { languageModel, readModelSettings } from '../../../src/model/index.ts';

// A worker in a process of its own, to be killed. Its tool writes down that it began, and works until there is NOTES.go.
const { REDIS_URL = '', NOTES = '' } = process.env;

const note = modelTool({
  description: 'Writes a line',
  inputSchema: z.object({ line: z.string() }),
  async execute({ line }, { signal, stepKey }) {
    appendFileSync(NOTES, `${line} ${stepKey}\n`);
    while (!existsSync(`${NOTES}.go`)) await pause(20, undefined, { signal });
    return 'written';
  },
});

const manager = createRedisManager({ url: REDIS_URL });
await manager.ready({ timeoutMs: 30_000 });
const settings = readModelSettings((name) => process.env[name]);
createChatServer({
  manager,
  role: 'worker',
  secret: new Uint8Array(32),
  leaseMs: 2000,
  agent: modelAgent({ model: await languageModel(settings), tools: { note } }),
});
console.log('works');
