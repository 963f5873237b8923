import type { ChatServer } from '@taproot/chat/server';
import { type MetricFamily, prometheusText, type RedisManager } from '@taproot/redis';

/** Prometheus text (exposition format 0.0.4) of this process. */
export function metricsText(manager: RedisManager, chat: ChatServer): string {
  const { rss, heapUsed } = process.memoryUsage();
  return prometheusText([
    ...manager.metrics(),
    ...chat.metrics(),
    gauge('process_resident_memory_bytes', 'Resident memory', rss),
    gauge('nodejs_heap_size_used_bytes', 'Used heap', heapUsed),
  ]);
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ value }] };
}
