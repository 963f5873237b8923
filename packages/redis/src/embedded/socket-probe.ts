import { connect } from 'node:net';
import { errnoOf, folderFailure, inWords, startFailure } from './failure.ts';

/** A server that does not answer PING by then is busy or frozen; the manager's own checks tell that. */
const ANSWER_WITHIN_MS = 500;

/**
 * Whether a Redis server listens on the socket. One that refuses (loading, busy, out of memory) or is silent does;
 * a file left by a server that was killed does not. Rejects if something else listens there.
 */
export function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const settle = (act: () => void): void => {
      socket.destroy();
      act();
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => settle(() => resolve(true)));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (answer) =>
      settle(() => {
        if (/^[+-]/.test(answer.toString('latin1'))) resolve(true);
        else reject(startFailure(`Something that is not Redis listens on ${path}`, false));
      }),
    );
    // Accepted and closed without a word: it is just ending.
    socket.once('end', () => settle(() => resolve(false)));
    socket.once('error', (error) => {
      const code = errnoOf(error);
      // A frozen server's queue of connections is full.
      if (code === 'EAGAIN') resolve(true);
      else if (code === 'EACCES' || code === 'EPERM') reject(folderFailure(path, inWords(error), error));
      else resolve(false);
    });
  });
}
