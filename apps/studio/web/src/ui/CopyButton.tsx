import { type ReactElement, useEffect, useState } from 'react';
import { Icon } from './Icon.tsx';

/** Copies `text()`; says so for two seconds, in the button and to screen readers. */
export function CopyButton({
  text,
  label,
}: {
  readonly text: () => string;
  readonly label: string;
}): ReactElement {
  const [said, setSaid] = useState<'copied' | 'failed' | undefined>();
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(undefined), 2000);
    return () => clearTimeout(timer);
  }, [said]);

  // The clipboard exists only in a secure context (https or loopback).
  const copy = () =>
    navigator.clipboard
      ? navigator.clipboard.writeText(text()).then(
          () => setSaid('copied'),
          () => setSaid('failed'),
        )
      : setSaid('failed');

  return (
    <button
      type="button"
      className="quiet-button copy"
      onClick={() => void copy()}
      data-copied={said === 'copied'}
    >
      <Icon name={said === 'copied' ? 'check' : 'copy'} size={15} />
      <span aria-live="polite">
        {said === 'copied' ? 'Copied' : said === 'failed' ? 'Not allowed' : label}
      </span>
    </button>
  );
}
