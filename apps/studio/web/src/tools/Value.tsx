import { type ReactElement, useMemo } from 'react';
import { Rows } from './Rows.tsx';
import { type Readable, readable } from './readable.ts';

/** A tool's input or output, as fields, rows or JSON, whichever reads best. */
export function Value({ name, value }: { readonly name: string; readonly value: unknown }): ReactElement {
  const shape = useMemo(() => readable(value), [value]);
  return (
    <div className="tool-value">
      <h4>{name}</h4>
      <Shape shape={shape} name={name} />
    </div>
  );
}

function Shape({ shape, name }: { readonly shape: Readable; readonly name: string }): ReactElement {
  switch (shape.kind) {
    case 'nothing':
      return <p className="tool-nothing">nothing</p>;
    case 'text':
      return <p className="tool-text">{shape.text}</p>;
    case 'fields':
      return <Fields shape={shape} />;
    case 'rows':
      return <Rows shape={shape} name={name} />;
    case 'json':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard
        <pre className="tool-json" tabIndex={0}>
          {shape.text}
        </pre>
      );
  }
}

function Fields({ shape }: { readonly shape: Extract<Readable, { kind: 'fields' }> }): ReactElement {
  return (
    <>
      {shape.fields.length > 0 && (
        <dl className="tool-fields">
          {shape.fields.map(([field, text]) => (
            <div key={field}>
              <dt>{field}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      {shape.inner.map(([field, inner]) => (
        <div key={field} className="tool-inner">
          <h5>{field}</h5>
          <Shape shape={inner} name={field} />
        </div>
      ))}
    </>
  );
}
