import { type ReactElement, useState } from 'react';
import { Markdown } from '../markdown/Markdown.tsx';
import { Icon } from '../ui/Icon.tsx';

interface ReasoningProps {
  readonly text: string;
  readonly streaming: boolean;
}

/** What a model thought before it answered: in view while it thinks, then folded, unless the reader says otherwise. */
export function Reasoning({ text, streaming }: ReasoningProps): ReactElement {
  const [chosen, choose] = useState<boolean>();
  const open = chosen ?? streaming;
  return (
    <details className="reasoning" data-testid="reasoning" open={open}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a summary is a control */}
      <summary
        onClick={(event) => {
          event.preventDefault();
          choose(!open);
        }}
      >
        {streaming ? 'Reasoning…' : 'Reasoning'}
        <span className="run-chevron">
          <Icon name="chevron" size={14} />
        </span>
      </summary>
      <Markdown text={text} streaming={streaming} />
    </details>
  );
}
