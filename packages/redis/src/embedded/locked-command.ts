import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startFailure } from './failure.ts';
import { findProgram } from './program.ts';

const run = promisify(execFile);

/** Exit status of a start that found the lock taken. */
export const LOCK_TAKEN = 75;

/** Takes the lock of file $0, then becomes the server: the open file, and so the lock, lives as long as the server does. */
const PERL = `
use Fcntl ':flock';
$^F = 255;
open(my $lock, '>>', shift) or exit 74;
flock($lock, LOCK_EX | LOCK_NB) or exit ${LOCK_TAKEN};
exec { $ARGV[0] } @ARGV or exit 76;
`;

/**
 * The command that runs a program under a kernel file lock which the program itself holds: taken before it starts, and
 * released by the kernel when it dies, however it dies. Linux has flock(1); macOS has Perl. Rejects if neither is there.
 */
export async function lockedCommand(
  lock: string,
  program: string,
  args: readonly string[],
): Promise<string[]> {
  const flock = await findProgram('flock');
  if (flock !== undefined && (await becomesProgram(flock)))
    return [flock, '-n', '-E', String(LOCK_TAKEN), '--no-fork', lock, program, ...args];
  const perl = await findProgram('perl');
  if (perl !== undefined) return [perl, '-e', PERL, lock, program, ...args];
  throw startFailure(
    'The embedded Redis needs flock (util-linux) or perl to lock its data folder; install one of them',
    false,
  );
}

/** BusyBox and others have a flock that stays as the parent and so holds the lock in the server's stead. */
async function becomesProgram(flock: string): Promise<boolean> {
  const { stdout } = await run(flock, ['--help'], { timeout: 5000 }).catch(() => ({ stdout: '' }));
  return stdout.includes('--no-fork');
}
