import { type ReactElement, type ReactNode, useEffect } from 'react';
import { Icon } from '../ui/Icon.tsx';
import { useStickToBottom } from './use-stick-to-bottom.ts';

interface ScrollProps {
  /** Changes when the user says something, which is always brought into view; undefined while nothing was said. */
  readonly lastSaid: string | undefined;
  readonly children: ReactNode;
}

/** The scrolling box of a conversation: follows the end while the reader is there, else offers the way down. */
export function Scroll({ lastSaid, children }: ScrollProps): ReactElement {
  const { box, content, atBottom, toBottom } = useStickToBottom(lastSaid !== undefined);
  useEffect(() => {
    if (lastSaid !== undefined) toBottom();
  }, [lastSaid, toBottom]);
  return (
    <div className="scroll-frame">
      <div
        ref={box}
        className="scroll"
        data-testid="scroll"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard
        tabIndex={0}
        role="log"
        aria-live="polite"
        aria-label="Conversation"
      >
        <div ref={content} className="column">
          {children}
        </div>
      </div>
      {!atBottom && (
        <button type="button" className="to-bottom" data-testid="jump-to-latest" onClick={toBottom}>
          <Icon name="arrowDown" size={16} />
          Jump to latest
        </button>
      )}
    </div>
  );
}
