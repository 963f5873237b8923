import { isValidElement, type ReactElement, type ReactNode, useRef } from 'react';
import { CopyButton } from '../ui/CopyButton.tsx';

/** A fenced code block: its language, a copy button, and its own horizontal scroll. */
export function CodeBlock({ children }: { readonly children?: ReactNode }): ReactElement {
  const code = useRef<HTMLPreElement>(null);
  const language = languageOf(children);
  return (
    <figure className="code-block">
      <figcaption>
        <span>{language ?? 'text'}</span>
        <CopyButton label="Copy" text={() => code.current?.textContent.replace(/\n$/, '') ?? ''} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard */}
      <pre ref={code} tabIndex={0}>
        {children}
      </pre>
    </figure>
  );
}

function languageOf(children: ReactNode): string | undefined {
  if (!isValidElement<{ className?: string }>(children)) return undefined;
  return /language-(\S+)/.exec(children.props.className ?? '')?.[1];
}
