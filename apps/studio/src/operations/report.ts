/** What `GET /operations` answers: figures for operators, without names of keys, ids, values or addresses. */
export interface OperationsReport {
  /** Milliseconds since 1970, by the clock of the server; `series` ends with the whole second before. */
  readonly at: number;
  readonly process: ProcessFigures;
  readonly readiness: Readiness;
  /** Second by second, oldest first. */
  readonly series: Series;
  /** Of the whole deployment; absent until it was looked at once. */
  readonly deployment?: DeploymentFigures;
  /** Why the deployment could not be looked at lately. */
  readonly problem?: string;
}

export interface ProcessFigures {
  readonly role: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
  /** Open sockets, and runs executed now. */
  readonly sockets: number;
  readonly runs: number;
  readonly events: number;
}

export interface Readiness {
  readonly state: string;
  readonly since: number;
  readonly reason?: string;
  readonly checks: Readonly<Record<string, CheckFigures>>;
}

export interface CheckFigures {
  readonly ok: boolean;
  readonly ms?: number;
  readonly error?: string;
}

export interface Series {
  /** Events handed to sockets of this process. */
  readonly events: readonly number[];
  /** Milliseconds from the append in Redis to the socket; null in a second without a live event. */
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
}

export interface DeploymentFigures {
  /** When it was looked at, and how long that took. */
  readonly at: number;
  readonly tookMs: number;
  readonly server: string;
  readonly memoryBytes: number;
  readonly maxMemoryBytes?: number;
  readonly runs: RunFigures;
  readonly connections: { readonly total: number; readonly owners: readonly OwnerFigures[] };
  readonly keys: { readonly total: number; readonly keyspaces: readonly KeyspaceFigures[] };
  /** What deserves attention, gravest first. */
  readonly findings: readonly string[];
}

export interface RunFigures {
  readonly open: number;
  readonly queued: number;
  readonly running: number;
  readonly waiting: number;
  /** Fewer than `open`: the states are those of so many. */
  readonly looked: number;
}

export interface OwnerFigures {
  readonly owner: string;
  readonly role: string;
  readonly connections: number;
  readonly memoryBytes: number;
}

export interface KeyspaceFigures {
  readonly name: string;
  readonly keys: number;
  /** Extrapolated from a sample; absent if none was measured. */
  readonly memoryBytes?: number;
}
