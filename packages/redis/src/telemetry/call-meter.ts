import { performance } from 'node:perf_hooks';
import type { RedisManagerError } from '../errors.ts';
import type { CallObserver, ObservedCall } from './call-observer.ts';
import type { MetricFamily, Sample } from './prometheus.ts';

/** Upper bounds of the buckets, in seconds (those that the OpenTelemetry conventions advise for databases, and finer below). */
const BUCKETS = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
/** Names of commands that are told apart; Redis and its modules have fewer. */
const MAX_COMMANDS = 600;

/** Counts calls by command and outcome, and how long they took. */
export class CallMeter implements CallObserver {
  readonly #outcomes = new Map<string, Map<string, number>>();
  readonly #buckets = new Float64Array(BUCKETS.length + 1);
  #seconds = 0;
  #calls = 0;
  #retries = 0;

  ended(call: ObservedCall, error: RedisManagerError | undefined): void {
    const seconds = (performance.now() - call.startedAt) / 1000;
    this.#calls++;
    this.#seconds += seconds;
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? Infinity)) bucket++;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    if (call.attempts > 1) this.#retries += call.attempts - 1;
    const outcomes = this.#outcomesOf(call.command);
    const outcome = error === undefined ? 'ok' : error.code;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  families(): MetricFamily[] {
    return [
      counter(
        'taproot_redis_calls_total',
        'Calls by command and outcome (ok, or the error code)',
        this.#counts(),
      ),
      counter('taproot_redis_retries_total', 'Attempts after the first of their call', [
        { value: this.#retries },
      ]),
      {
        name: 'taproot_redis_call_duration_seconds',
        help: 'From the call to its outcome, waiting and retries included',
        type: 'histogram',
        samples: this.#histogram(),
      },
    ];
  }

  #outcomesOf(command: string): Map<string, number> {
    const known = this.#outcomes.get(command);
    if (known !== undefined) return known;
    if (this.#outcomes.size >= MAX_COMMANDS && command !== 'OTHER') return this.#outcomesOf('OTHER');
    const outcomes = new Map<string, number>();
    this.#outcomes.set(command, outcomes);
    return outcomes;
  }

  #counts(): Sample[] {
    return [...this.#outcomes].flatMap(([command, outcomes]) =>
      [...outcomes].map(([outcome, value]) => ({ labels: { command, outcome }, value })),
    );
  }

  #histogram(): Sample[] {
    let below = 0;
    const buckets = [...this.#buckets].map((count, index) => {
      below += count;
      const le = index < BUCKETS.length ? String(BUCKETS[index]) : '+Inf';
      return { suffix: '_bucket', labels: { le }, value: below };
    });
    return [...buckets, { suffix: '_sum', value: this.#seconds }, { suffix: '_count', value: this.#calls }];
  }
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'counter', samples };
}
