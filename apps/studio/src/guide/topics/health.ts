import type { ReaderHealth } from '../redis/reader.ts';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { duration } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface HealthResult {
  readonly state: string;
  readonly forMs: number;
  /** The rest is told to operators only, as `GET /readyz` does. */
  readonly reason?: string;
  readonly checks?: ReaderHealth['checks'];
}

/** What each check does, in the order of the probe. */
const CHECKS = [
  ['connect', 'Connected and authenticated'],
  ['write', 'Write'],
  ['read', 'Read'],
  ['pubsub', 'Publish and receive'],
] as const;

const MEANINGS: Readonly<Record<string, string>> = {
  connecting: 'The first connection is being made.',
  loading: 'Redis is reading its data from disk; it serves as soon as that is done.',
  ready: 'A write, a read and a published message all came through.',
  degraded: 'The chat works, but part of what it wants from Redis is missing.',
  down: 'Messages are kept by the client and sent again when Redis is back; sockets stay open.',
  closing: 'This process is shutting down.',
  closed: 'This process has shut down its connections.',
};

export const health: ToolTopic<HealthResult> = toolTopic({
  name: 'health',
  title: 'Health',
  about: 'whether Redis is ready now, and each part of the readiness probe',
  examples: [
    'Is Redis healthy?',
    'health',
    'is the system ready?',
    'readiness',
    'hey redis, are you up?',
    'Is everything OK?',
    'is redis up or down',
    'are all health checks passing?',
    'status of redis',
    'is it degraded right now?',
    'helth check please',
    'does redis work at the moment?',
    'is the server alive',
  ],
  cues: [
    ['health', 4],
    ['healthy', 4],
    ['ready', 3],
    ['readiness', 4],
    ['readyz', 4],
    ['livez', 4],
    ['degraded', 3],
    ['status', 3],
    ['state', 2],
    ['alive', 3],
    ['everything ok', 3],
    ['everything okay', 3],
    ['everything fine', 3],
    ['redis ok', 3],
    ['redis up', 3],
    ['redis down', 3],
    ['is redis working', 3],
    ['is redis running', 4],
    ['cluster', 0.5],
    ['does redis work', 3],
    ['is it up', 3],
    ['are you up', 3],
    ['is it down', 3],
    ['check', 1],
    ['probe', 2],
    ['redis', 0.5],
    ['server', 0.5],
  ],
  tool: {
    name: 'check_health',
    operatorOnly: false,
    input: {},
    async run({ redis, user }) {
      const { state, since, reason, checks } = redis.health();
      return {
        state,
        forMs: Math.max(0, Date.now() - since),
        ...(user.operator && { checks }),
        ...(user.operator && reason !== undefined && { reason }),
      };
    },
  },
  render({ state, forMs, reason, checks }) {
    return paragraphs(
      `Redis is **${state}**, for ${duration(forMs)} now.`,
      reason !== undefined && `The reason: ${code(reason, 200)}`,
      checks &&
        table(
          ['Check', 'Result', figures('Took')],
          CHECKS.map(([name, title]) => {
            const { ok, ms, error } = checks[name];
            return [
              title,
              ok ? 'passed' : code(error ?? 'failed', 120),
              ms === undefined ? '—' : duration(ms),
            ];
          }),
        ),
      MEANINGS[state],
    );
  },
});
