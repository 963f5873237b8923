import { execFileSync } from 'node:child_process';

/** Redis servers of a data folder that are alive. Their command line names their socket. */
export function serversOf(dataDir: string): number[] {
  const list = execFileSync('ps', ['-A', '-o', 'pid=,stat=,args='], { encoding: 'utf8' });
  return list
    .split('\n')
    .filter((line) => line.includes(`unixsocket:${dataDir}/`) && !/^\s*\d+ Z/.test(line))
    .map((line) => Number.parseInt(line, 10));
}
