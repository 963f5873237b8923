import type { ChatServer } from '@taproot/chat/server';
import type { RedisManager } from '@taproot/redis';

/** Prometheus text (exposition format 0.0.4) of this process. */
export function metricsText(manager: RedisManager, chat: ChatServer): string {
  const { state, checks } = manager.health();
  const { sockets, runs } = chat.load;
  const { rss, heapUsed } = process.memoryUsage();
  return [
    gauge(
      'taproot_redis_ready',
      'Whether a write, a read and a publish→receive probe pass',
      state === 'ready' ? 1 : 0,
    ),
    gauge(
      'taproot_redis_probe_write_seconds',
      'Duration of the last write probe',
      (checks.write.ms ?? 0) / 1000,
    ),
    gauge(
      'taproot_redis_probe_pubsub_seconds',
      'Duration of the last publish→receive probe',
      (checks.pubsub.ms ?? 0) / 1000,
    ),
    gauge('taproot_sockets', 'Open sockets', sockets),
    gauge('taproot_runs', 'Runs executed now', runs),
    gauge('process_resident_memory_bytes', 'Resident memory', rss),
    gauge('nodejs_heap_size_used_bytes', 'Used heap', heapUsed),
  ].join('');
}

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`;
}
