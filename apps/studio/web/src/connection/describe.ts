import type { IconName } from '../ui/Icon.tsx';

/** What the pill can say; also its `data-state`. */
export type PillState =
  | 'connecting'
  | 'ready'
  | 'redis-degraded'
  | 'redis-away'
  | 'reconnecting'
  | 'signed-out'
  | 'closed';

export interface PillLook {
  readonly icon: IconName;
  /** On the pill. */
  readonly label: string;
  /** In the details: what it means for the reader. */
  readonly meaning: string;
}

export const LOOKS: Record<PillState, PillLook> = {
  connecting: { icon: 'plug', label: 'Connecting', meaning: 'The connection to the server is being opened.' },
  ready: { icon: 'check', label: 'Ready', meaning: 'Connected, and Redis answers.' },
  'redis-degraded': {
    icon: 'warning',
    label: 'Redis degraded',
    meaning: 'Connected. Redis answers, but something optional does not; chat works.',
  },
  'redis-away': {
    icon: 'database',
    label: 'Redis away',
    meaning: 'Redis does not answer. Answers pause and go on when it is back; what you send waits here.',
  },
  reconnecting: {
    icon: 'plugOff',
    label: 'Reconnecting',
    meaning: 'The server cannot be reached. What you send waits here and goes out under the same id.',
  },
  'signed-out': {
    icon: 'key',
    label: 'Signed out',
    meaning: 'The session has ended. Sign in again to go on.',
  },
  closed: { icon: 'plugOff', label: 'Disconnected', meaning: 'The server closed the connection for good.' },
};
