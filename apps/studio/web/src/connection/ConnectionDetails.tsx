import type { ConnectionState } from '@taproot/chat/client';
import type { ReactElement } from 'react';
import { LOOKS, type PillState } from './describe.ts';

interface ConnectionDetailsProps {
  readonly connection: ConnectionState;
  readonly state: PillState;
  readonly seconds: number | undefined;
  readonly onTryNow: () => void;
}

/** What is known of the connection, in a popover under the pill (the browser closes it on Escape and outside clicks). */
export function ConnectionDetails({
  connection,
  state,
  seconds,
  onTryNow,
}: ConnectionDetailsProps): ReactElement {
  const { closedBy } = connection;
  const facts: readonly (readonly [name: string, value: string | undefined])[] = [
    ['Socket', connection.socket],
    ['Redis', connection.redis],
    ['Since', new Date(connection.since).toLocaleTimeString()],
    ['User', connection.user?.name],
    ['Epoch', connection.epoch],
    ['Last close', closedBy && `${closedBy.code}${closedBy.reason ? ` ${closedBy.reason}` : ''}`],
  ];
  const canTry =
    state === 'closed' ||
    state === 'reconnecting' ||
    (state === 'redis-away' && connection.socket !== 'open');
  return (
    <div
      id="connection-details"
      popover="auto"
      className="connection-details"
      data-testid="connection-details"
    >
      <h2>{LOOKS[state].label}</h2>
      <p>{LOOKS[state].meaning}</p>
      <dl>
        {facts.map(([name, value]) =>
          value === undefined ? undefined : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      {canTry && (
        <button type="button" className="button" data-testid="try-now" onClick={onTryNow}>
          Try now{seconds !== undefined && ` (next in ${seconds} s)`}
        </button>
      )}
    </div>
  );
}
