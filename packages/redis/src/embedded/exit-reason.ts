/** What is known of a server that ended. */
export interface ServerEnd {
  /** Absent if the server was started by another process. */
  readonly exit?: { readonly code: number | null; readonly signal: NodeJS.Signals | null };
  /** What it wrote to its log. */
  readonly log: string;
  readonly logPath: string;
  readonly dataPath: string;
  readonly freeBytes: number;
}

/** With less free space than this a server does not live long, so none is started. */
export const MIN_FREE_BYTES: number = 2 ** 20;

/** Lines of level warning that Redis writes at each start or after its reason for ending. */
const NOT_A_REASON =
  /is starting|version=|Configuration loaded|Server initialized|WARNING|^Warning|bye bye|User requested shutdown|Exiting\.\.\.$/;

/** Why a server ended, as a clause: "the disk is full (0 bytes free in …)". */
export function exitReason(end: ServerEnd): string {
  const { exit, log, logPath, dataPath, freeBytes } = end;
  if (/Disk quota exceeded/.test(log)) return `the disk quota is used up (${dataPath})`;
  // A short write names no error, and a full disk can swallow the log's last lines as well.
  if (/No space left on device|Short write/.test(log)) return diskFull(dataPath, freeBytes);
  if (exit?.signal) return `it was killed by ${exit.signal}`;
  const crash = /crashed by signal: (\d+)/.exec(log)?.[1];
  if (crash !== undefined) return `it crashed by signal ${crash}; see ${logPath}`;
  if (/bye bye/.test(log)) return 'it was shut down';
  if (exit?.code !== 0 && freeBytes < MIN_FREE_BYTES) return diskFull(dataPath, freeBytes);
  const said = lastReason(log);
  if (said !== undefined) return `it said ${JSON.stringify(said)}`;
  if (exit !== undefined) return `it ended with status ${exit.code}; see ${logPath}`;
  return `it was killed, for its log ends without a reason (${logPath})`;
}

export function diskFull(dataPath: string, freeBytes: number): string {
  const free = `${bytes(freeBytes)} free in ${dataPath}`;
  return freeBytes < MIN_FREE_BYTES
    ? `the disk is full (${free})`
    : `the disk is full: a write did not fit (${free})`;
}

/** The last warning that is not one of those at each start; else what a program wrote that is not a log line. */
function lastReason(log: string): string | undefined {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const warnings = lines.map((line) => /^\d+:\w .*? # (.*)$/.exec(line)?.[1]);
  const warning = warnings.findLast((text) => text !== undefined && !NOT_A_REASON.test(text));
  const other = lines.findLast((line) => !/^\d+:\w /.test(line));
  return (warning ?? other)?.trim().slice(0, 300);
}

function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  if (count < 1e6) return `${Math.round(count / 1e3)} kB`;
  return count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${Math.round(count / 1e9)} GB`;
}
