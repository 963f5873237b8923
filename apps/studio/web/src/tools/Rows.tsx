import type { ReactElement } from 'react';
import { isLong } from '../markdown/cell-length.ts';
import type { Readable } from './readable.ts';

interface RowsProps {
  readonly shape: Extract<Readable, { kind: 'rows' }>;
  readonly name: string;
}

/** A list of records as a table in its own scrolling box. */
export function Rows({ shape, name }: RowsProps): ReactElement {
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
                <td key={shape.columns[column]} data-long={isLong(cell.length)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shape.left > 0 && <p className="tool-nothing">and {shape.left} more</p>}
    </section>
  );
}
