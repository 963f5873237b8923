import { type KeyboardEvent, type ReactElement, useEffect, useRef } from 'react';

/** A title being edited: Enter or leaving the field keeps it, Escape does not. */
export function RenameField({
  title,
  onDone,
}: {
  readonly title: string;
  readonly onDone: (title?: string) => void;
}): ReactElement {
  const field = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useEffect(() => field.current?.select(), []);

  const finish = (keep: boolean) => {
    // Removing a focused field blurs it, which would end the edit a second time.
    if (done.current) return;
    done.current = true;
    const text = field.current?.value.trim();
    onDone(keep && text && text !== title ? text : undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') finish(true);
    if (event.key !== 'Escape') return;
    // The drawer around this list also closes on Escape.
    event.preventDefault();
    event.stopPropagation();
    finish(false);
  };
  return (
    <input
      ref={field}
      className="rename"
      aria-label="Title"
      defaultValue={title}
      maxLength={120}
      onKeyDown={onKeyDown}
      onBlur={() => finish(true)}
    />
  );
}
