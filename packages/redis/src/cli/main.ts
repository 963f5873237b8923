import { readFileSync } from 'node:fs';
import { RedisManagerError } from '../errors.ts';
import type { FindingCode, InspectReport } from '../inspect/index.ts';
import { type InspectCommand, type LintCommand, parseArguments } from './arguments.ts';
import { sentenceFor } from './errors.ts';
import { HELP } from './help.ts';
import { lintText, runLint } from './lint.ts';
import { ProgressBar } from './progress.ts';
import { toJson } from './report/json.ts';
import { paintFor } from './report/paint.ts';
import { textReport } from './report/text.ts';
import { runInspect } from './run.ts';

/** `taproot-redis`: arguments → run → report. Exit status 0 looked, 1 findings with --strict, 2 could not look. */
const STATUS = { ok: 0, findings: 1, failed: 2 } as const;
/** What --strict takes for a failure. */
const STRICT = new Set<FindingCode>(['unreachable', 'unowned-keys', 'missing-ttl', 'wrong-type']);
/** Of a line where nobody tells how wide the terminal is; wide enough for all columns. */
const DEFAULT_COLUMNS = 120;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const ending = new AbortController();
let endedBy: NodeJS.Signals | undefined;
for (const signal of SIGNALS) {
  process.on(signal, () => {
    endedBy = signal;
    ending.abort();
  });
}
// Whoever reads the output may have read enough: `taproot-redis inspect | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(STATUS.ok);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof RedisManagerError)) console.error(error);
  else if (error.code !== 'aborted') console.error(`taproot-redis: ${sentenceFor(error)}`);
  process.exitCode = STATUS.failed;
}
if (endedBy === undefined) {
  // A module of --keyspaces may have opened what would keep the process alive.
  process.stdout.write('', () => process.exit());
} else {
  // So that the shell sees what ended it.
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  process.kill(process.pid, endedBy);
}

async function main(args: readonly string[]): Promise<number> {
  const command = parseArguments(args, process.env);
  if (command.kind === 'inspect') return inspectCommand(command);
  if (command.kind === 'lint') return lintCommand(command);
  process.stdout.write(command.kind === 'help' ? HELP[command.topic] : `taproot-redis ${version()}\n`);
  return STATUS.ok;
}

async function inspectCommand(command: InspectCommand): Promise<number> {
  const bar = new ProgressBar(process.stderr, command.seconds * 1000);
  const report = await runInspect(command, {
    signal: ending.signal,
    onProgress: (progress) => bar.update(progress),
  }).finally(() => bar.clear());
  const layout = { paint: paintFor(process.stdout), width: process.stdout.columns || DEFAULT_COLUMNS };
  process.stdout.write(command.json ? toJson(report) : textReport(report, layout));
  return command.strict ? strictStatus(report) : STATUS.ok;
}

/** What could not be looked at is not in order. */
function strictStatus({ keys, findings }: InspectReport): number {
  if (keys === undefined) throw notLooked();
  return findings.some(({ code }) => STRICT.has(code)) ? STATUS.findings : STATUS.ok;
}

async function lintCommand({ file, json }: LintCommand): Promise<number> {
  const report = await runLint(file);
  process.stdout.write(json ? toJson(report) : lintText(report));
  return report.problems.length === 0 ? STATUS.ok : STATUS.findings;
}

function notLooked(): RedisManagerError {
  return new RedisManagerError('--strict: the server does not let us look at its keys (SCAN)', {
    code: 'noperm',
    retryable: false,
    applied: 'no',
  });
}

function version(): string {
  // The same file from src/cli and from dist/cli.
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
