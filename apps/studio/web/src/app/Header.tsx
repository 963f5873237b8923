import type { ConnectionState } from '@taproot/chat/client';
import type { ReactElement } from 'react';
import { ConnectionPill } from '../connection/ConnectionPill.tsx';
import type { PillState } from '../connection/describe.ts';
import { Icon } from '../ui/Icon.tsx';

interface HeaderProps {
  readonly title: string;
  /** Opens the drawer; undefined where the threads are always in view. */
  readonly onMenu: (() => void) | undefined;
  readonly connection: ConnectionState;
  readonly state: PillState;
  readonly retryAt: number | undefined;
  readonly onTryNow: () => void;
}

/** What is open, and how the connection is. */
export function Header({ title, onMenu, connection, state, retryAt, onTryNow }: HeaderProps): ReactElement {
  return (
    <header className="header">
      {onMenu && (
        <button
          type="button"
          className="icon-button"
          data-testid="open-drawer"
          aria-label="Open the list of chats"
          onClick={onMenu}
        >
          <Icon name="menu" size={20} />
        </button>
      )}
      <h1 title={title}>{title}</h1>
      <ConnectionPill connection={connection} state={state} retryAt={retryAt} onTryNow={onTryNow} />
    </header>
  );
}
