import type { ReactElement } from 'react';

export interface Bar {
  readonly name: string;
  readonly note: string;
  readonly value: number;
  readonly said: string;
}

interface BarsProps {
  readonly title: string;
  /** The sum, and of what. */
  readonly total: string;
  readonly columns: readonly [name: string, note: string, value: string];
  readonly bars: readonly Bar[];
}

/** Who has how much, the most first: a table whose rows have the length of their share. */
export function Bars({ title, total, columns, bars }: BarsProps): ReactElement {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <section className="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <p className="card-total">{total}</p>
      </header>
      {bars.length === 0 ? (
        <p className="card-none">nothing</p>
      ) : (
        <table className="bars">
          <colgroup>
            <col />
            <col className="bar-note" />
            <col className="bar-value" />
          </colgroup>
          <thead className="visually-hidden">
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {bars.map(({ name, note, value, said }) => (
              <tr key={`${name} ${note}`}>
                <th scope="row">
                  <span className="bar-name" title={name}>
                    {name}
                  </span>
                  <meter className="bar" min={0} max={most} value={value} aria-hidden="true" />
                </th>
                <td className="bar-note">{note}</td>
                <td className="bar-value">{said}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
