import { type ReactElement, useMemo } from 'react';
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
      return (
        <dl className="tool-fields">
          {shape.fields.map(([field, text]) => (
            <div key={field}>
              <dt>{field}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      );
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

function Rows({
  shape,
  name,
}: {
  readonly shape: Extract<Readable, { kind: 'rows' }>;
  readonly name: string;
}): ReactElement {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard
    <section className="table-box" aria-label={name} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {shape.columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shape.rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a recorded result never changes
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={shape.columns[column]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shape.left > 0 && <p className="tool-nothing">and {shape.left} more</p>}
    </section>
  );
}
