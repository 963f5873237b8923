import { processes } from '@taproot/testkit';

/** Redis servers of a data folder that are alive. Their command line names their socket. */
export function serversOf(dataDir: string): number[] {
  return processes()
    .filter(({ command }) => command.includes(`unixsocket:${dataDir}/`))
    .map(({ pid }) => pid);
}
