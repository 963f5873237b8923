import type { ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';

/** Shown instead of the conversation when the server does not let this page sign in. */
export function SignInRefused({
  reason,
  onTryAgain,
}: {
  readonly reason: string;
  readonly onTryAgain: () => void;
}): ReactElement {
  return (
    <div className="empty" data-testid="sign-in-refused" role="alert">
      <span className="empty-mark">
        <Icon name="key" size={28} />
      </span>
      <h2>The demo sign-in was refused</h2>
      <p>{reason}</p>
      <ul className="what-to-do">
        <li>
          Open the page under a loopback address, such as <code>http://127.0.0.1:7070</code>, without a proxy
          in between.
        </li>
        <li>
          If it was switched off, start the server without <code>TAPROOT_DEMO=0</code>.
        </li>
      </ul>
      <button type="button" className="button" onClick={onTryAgain}>
        Try again
      </button>
    </div>
  );
}
