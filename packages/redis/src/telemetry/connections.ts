import type { ConnectionLoad } from '../connection/load.ts';
import type { Health } from '../health.ts';
import type { MetricFamily, Sample } from './prometheus.ts';

/** Figures of the manager's state and connections. */
export function connectionFamilies(health: Health, loads: readonly ConnectionLoad[]): MetricFamily[] {
  const { state, checks } = health;
  const each = (value: (load: ConnectionLoad) => number): Sample[] =>
    loads.map((load) => ({ labels: { role: load.role, node: load.node }, value: value(load) }));
  return [
    gauge('taproot_redis_ready', 'Whether a write, a read and a publish→receive probe pass', [
      { value: state === 'ready' ? 1 : 0 },
    ]),
    gauge('taproot_redis_state', 'The state is the label', [{ labels: { state }, value: 1 }]),
    gauge(
      'taproot_redis_probe_seconds',
      'Duration of the last readiness probe, by its parts',
      (['write', 'read', 'pubsub'] as const).flatMap((check) => {
        const { ms } = checks[check];
        return ms === undefined ? [] : [{ labels: { check }, value: ms / 1000 }];
      }),
    ),
    gauge(
      'taproot_redis_connected',
      'Whether the connection is there',
      each(({ connected }) => Number(connected)),
    ),
    {
      name: 'taproot_redis_connections_made_total',
      help: 'Connections made; one more than were lost while there is one',
      type: 'counter',
      samples: each(({ made }) => made),
    },
    gauge(
      'taproot_redis_open_calls',
      'Calls without an outcome yet',
      each(({ open }) => open),
    ),
    gauge(
      'taproot_redis_waiting_calls',
      'Calls that wait for a connection or their next attempt',
      each(({ waiting }) => waiting),
    ),
    gauge(
      'taproot_redis_waiting_bytes',
      'Bytes of the calls that wait',
      each(({ waitingBytes }) => waitingBytes),
    ),
    gauge(
      'taproot_redis_breaker_open',
      'Whether calls that can do without Redis are refused',
      each(({ breakerOpen }) => Number(breakerOpen)),
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}
