import { performance } from 'node:perf_hooks';
import { code, facts, paragraphs } from '../text/markdown.ts';
import { count, duration } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface LatencyResult {
  readonly pings: number;
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const PINGS = 100;
/** A slow server is measured with fewer pings instead of for longer. */
const MAX_MS = 1500;
const SLOW_MEDIAN_MS = 10;
const SLOW_TAIL = 10;

export const latency: ToolTopic<LatencyResult> = toolTopic({
  name: 'latency',
  title: 'Latency',
  about: 'how fast Redis answers now: it sends PINGs and measures them',
  examples: [
    'How is the latency right now?',
    'latency',
    'how fast is redis?',
    'ping redis',
    'response time',
    'How quickly does Redis answer?',
    'measure the round trip',
    'p99 please',
    'is redis laggy?',
    'lattency now',
    'how long does a ping take',
    'what is the delay to redis',
  ],
  cues: [
    ['latency', 4],
    ['ping', 3],
    ['how fast', 3],
    ['how slow', 4],
    ['fast', 1],
    ['how quick', 3],
    ['quickly', 3],
    ['response time', 4],
    ['round trip', 3],
    ['roundtrip', 3],
    ['rtt', 3],
    ['p99', 3],
    ['p50', 3],
    ['percentile', 3],
    ['lag', 3],
    ['laggy', 3],
    ['delay', 3],
    ['millisecond', 2],
    ['responsive', 3],
    ['how long', 1],
    ['answer', 0.5],
  ],
  tool: {
    name: 'measure_latency',
    operatorOnly: true,
    input: { pings: PINGS },
    async run({ redis }) {
      // The first call may have to wait for a connection; that is not latency.
      await redis.call(['PING']);
      const until = performance.now() + MAX_MS;
      const times: number[] = [];
      while (times.length < PINGS && performance.now() < until) {
        const start = performance.now();
        await redis.call(['PING']);
        times.push(performance.now() - start);
      }
      times.sort((a, b) => a - b);
      return {
        pings: times.length,
        minMs: rank(times, 0),
        p50Ms: rank(times, 0.5),
        p99Ms: rank(times, 0.99),
        maxMs: rank(times, 1),
      };
    },
  },
  render({ pings, minMs, p50Ms, p99Ms, maxMs }) {
    return paragraphs(
      `Redis answers a ${code('PING')} in **${duration(p50Ms)}** (median) and within **${duration(p99Ms)}** in 99 of 100 cases.`,
      facts([
        ['Fastest', duration(minMs)],
        ['p50', duration(p50Ms)],
        ['p99', duration(p99Ms)],
        ['Slowest', duration(maxMs)],
        ['Measured', `${count(pings)} PINGs, one after the other, from this process and back`],
      ]),
      verdict(p50Ms, p99Ms),
    );
  },
});

/** Nearest-rank percentile, to the microsecond. */
function rank(sorted: readonly number[], share: number): number {
  const index = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return Math.round((sorted[index] ?? 0) * 1000) / 1000;
}

function verdict(p50Ms: number, p99Ms: number): string {
  if (p50Ms > SLOW_MEDIAN_MS) {
    return 'That is slow for a PING, which does no work: look at the network, at the load of both machines, and at the slow log.';
  }
  if (p99Ms > SLOW_TAIL * p50Ms && p99Ms > 5) {
    return 'The median is good and the tail is long: something holds Redis or this process up now and then. The slow log tells whether it is a command.';
  }
  return 'That is what a Redis in good order does.';
}
