import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startServer } from '../server.ts';
import { summary } from '../summary.ts';

const PROCESSES = 4;
const ROUNDS = 20;
/** Each process wants the key as often at once. */
export const CALLERS = 250;
/** What the factory takes, in ms. */
export const FACTORY_MS = 50;

/** What a process tells of a round. */
export interface Round {
  readonly runs: number;
  /** From the first call to the last answer, in ms. */
  readonly tookMs: number;
}

/** 4 processes × 250 callers want one key that nobody has: how often the factory runs, and how long the last one waits. */
export async function coldKey(): Promise<void> {
  const { path, stop } = await startServer();
  const children = Array.from({ length: PROCESSES }, () =>
    fork(join(import.meta.dirname, 'caller.ts'), {
      env: { ...process.env, BENCH_URL: `unix://${path}` },
      execArgv: ['--conditions=@taproot/source'],
    }),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const runs: number[] = [];
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await Promise.all(children.map((child) => ask(child, `key ${round}`)));
    runs.push(answers.reduce((sum, answer) => sum + answer.runs, 0));
    took.push(Math.max(...answers.map(({ tookMs }) => tookMs)));
  }
  console.log(
    `\n${PROCESSES} processes × ${CALLERS} callers of one cold key, factory of ${FACTORY_MS} ms, ${ROUNDS} rounds`,
  );
  console.log(summary('runs of the factory', runs));
  console.log(summary('until the last answer, ms', took));
  await Promise.all(children.map((child) => ended(child)));
  await stop();
}

async function ask(child: ChildProcess, key: string): Promise<Round> {
  const answer = once(child, 'message');
  child.send(key);
  const [round] = (await answer) as [Round];
  return round;
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}
