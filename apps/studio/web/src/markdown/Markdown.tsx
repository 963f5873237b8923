import { memo, type ReactElement } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { CodeBlock } from './CodeBlock.tsx';
import { isLong, textLength } from './cell-length.ts';
import { settleTail } from './settle-tail.ts';
import { splitSections } from './split-sections.ts';

/**
 * An answer's Markdown. Raw HTML is shown as text, images are links (a remote image would tell its host who reads),
 * and links open outside without handing over this page.
 */
export function Markdown({
  text,
  streaming,
}: {
  readonly text: string;
  readonly streaming: boolean;
}): ReactElement {
  const sections = splitSections(streaming ? settleTail(text) : text);
  return (
    <div className="markdown">
      {sections.map((section, index) => (
        // Sections only grow at the end, so the index is their identity.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Section key={index} text={section} />
      ))}
    </div>
  );
}

const plugins = [remarkGfm];

const components: Components = {
  a: ({ href, title, children }) =>
    href?.startsWith('#') ? (
      <a href={href}>{children}</a>
    ) : (
      <a href={href} title={title} target="_blank" rel="noopener noreferrer">
        {children}
      </a>
    ),
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noopener noreferrer">
      {alt || 'image'} (image)
    </a>
  ),
  pre: ({ children }) => <CodeBlock>{children}</CodeBlock>,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard
    <section className="table-box" aria-label="Table" tabIndex={0}>
      <table>{children}</table>
    </section>
  ),
  td: ({ node, style, children }) => (
    <td style={style} data-long={isLong(textLength(node))}>
      {children}
    </td>
  ),
  input: ({ checked }) => <input type="checkbox" checked={checked ?? false} readOnly disabled />,
};

const Section = memo(function Section({ text }: { readonly text: string }): ReactElement {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  );
});
