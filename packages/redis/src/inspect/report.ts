import type { ConnectionsReport } from './connections.ts';
import type { Finding } from './findings.ts';
import type { KeysReport } from './keys-report.ts';
import type { ServerReport } from './server.ts';
import type { SlowLogReport } from './slow-log.ts';

/** What {@link inspect} found. Holds no values, no arguments of commands, no addresses of clients. */
export interface InspectReport {
  /** Of this shape. */
  readonly version: 1;
  /** ISO 8601, by our clock. */
  readonly at: string;
  readonly tookMs: number;
  /** One; of a Cluster each master. */
  readonly servers: readonly ServerReport[];
  /** Masters of a Cluster that did not answer, so that the report leaves them out. */
  readonly unreachable: readonly string[];
  /** Undefined where the server does not let us look. */
  readonly connections: ConnectionsReport | undefined;
  readonly keys: KeysReport | undefined;
  readonly slowLog: SlowLogReport | undefined;
  /** What deserves attention, gravest first. */
  readonly findings: readonly Finding[];
  /** Commands that a server refused, so that the report has holes. */
  readonly refused: readonly string[];
}
