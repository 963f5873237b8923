import { defineScript, LOG_LUA, logKeys } from '@taproot/redis';
import { ADA, type Site } from './site.ts';

const FILL = defineScript(
  'test.fill',
  `${LOG_LUA}
for n = 1, tonumber(ARGV[1]) do
  log_append(KEYS[1], KEYS[2], ARGV[2], 'publish', '"data":{"type":"text-delta","id":"t","delta":"' .. ARGV[3] .. '"}}')
end`,
);
const BATCH = 5000;

/** A thread of Ada's whose log has so many events, each with a text of `bytes`. */
export async function longThread({ chat, manager }: Site, events: number, bytes = 100): Promise<string> {
  const { id } = await chat.threads.create(ADA);
  const { stream, head } = logKeys(`taproot:{thread:${id}}`);
  for (let made = 0; made < events; made += BATCH) {
    const args = [String(Math.min(BATCH, events - made)), 'nobody-listens', 'x'.repeat(bytes)];
    await manager.script(FILL, { keys: [stream, head], args }, { deadlineMs: 30_000 });
  }
  return id;
}
