import {
  type FormEvent,
  type KeyboardEvent,
  type ReactElement,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
} from 'react';
import { Icon } from '../ui/Icon.tsx';

interface ComposerProps {
  readonly thread: string | undefined;
  readonly text: string;
  readonly onWrite: (text: string) => void;
  /** Said under the box; what happens to a message sent now. */
  readonly hint: string;
  readonly offline: boolean;
  /** What is in the box can be read and copied, and no more. */
  readonly closed: boolean;
  readonly onSend: (text: string) => void;
}

/** The box to write in. It never blocks: what is sent while the connection is away waits as a pending message. */
export function Composer({
  thread,
  text,
  onWrite,
  hint,
  offline,
  closed,
  onSend,
}: ComposerProps): ReactElement {
  const box = useRef<HTMLTextAreaElement>(null);
  const hintId = useId();
  useGrowingHeight(box, text);
  useFocusOnArrival(box, thread);

  const send = (event?: FormEvent) => {
    event?.preventDefault();
    const message = text.trim();
    if (!message || closed) return;
    onWrite('');
    onSend(message);
    box.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // An Enter that ends an IME composition belongs to the input method.
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
  };

  return (
    <form className="composer" onSubmit={send} data-testid="composer-form" data-offline={offline}>
      <div className="composer-box">
        <textarea
          ref={box}
          id="composer"
          data-testid="composer"
          aria-label="Message"
          aria-describedby={hintId}
          placeholder="Ask the guide…"
          rows={1}
          readOnly={closed}
          value={text}
          onChange={(event) => onWrite(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button
          type="submit"
          className="send"
          data-testid="send"
          aria-label="Send message"
          disabled={closed || !text.trim()}
        >
          <Icon name="arrowUp" size={20} />
        </button>
      </div>
      <p id={hintId} className="composer-hint">
        {hint}
      </p>
    </form>
  );
}

/** Grows the box with its text; the style sheet's `max-height` bounds it. */
function useGrowingHeight(box: { readonly current: HTMLTextAreaElement | null }, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  }, [box, text]);
}

/** Puts the cursor into the box of a newly opened thread, except on touch screens, where it would raise the keyboard. */
function useFocusOnArrival(
  box: { readonly current: HTMLTextAreaElement | null },
  thread: string | undefined,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per thread
  useEffect(() => {
    if (matchMedia('(hover: hover)').matches) box.current?.focus({ preventScroll: true });
  }, [box, thread]);
}
