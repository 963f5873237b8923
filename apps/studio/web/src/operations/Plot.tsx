import { type ReactElement, useEffect, useRef, useState } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface PlotLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface PlotProps {
  readonly title: string;
  /** What is drawn, for who cannot see it. */
  readonly description: string;
  /** Seconds since 1970 of the values. */
  readonly times: readonly number[];
  /** One or two. */
  readonly lines: readonly PlotLine[];
  readonly format: (value: number) => string;
  /** The least top of the scale, so that noise does not look like an event. */
  readonly least: number;
}

const HEIGHT = 180;
/** As many as the server keeps; fewer while it has run for less, but not so few that a second looks long. */
const SHOWN_SECONDS = { most: 300, least: 60 };

/** Figures over time. The pointer shows those of a moment, otherwise the newest are told. */
export function Plot({ title, description, times, lines, format, least }: PlotProps): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const [at, setAt] = useState<number | null>(null);
  const labels = lines.map(({ label }) => label).join('|');

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const drawn = new UPlot(
      optionsOf(element, labels.split('|'), least, format, setAt),
      [[], ...labels.split('|').map(() => [])],
      element,
    );
    plot.current = drawn;
    const resized = new ResizeObserver(() =>
      drawn.setSize({ width: Math.max(1, element.clientWidth), height: HEIGHT }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [labels, least, format]);

  useEffect(() => {
    plot.current?.setData([[...times], ...lines.map(({ values }) => [...values])]);
  }, [times, lines]);

  const index = at ?? times.length - 1;
  const moment = times[index];
  return (
    <section className="card plot-card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <p className="plot-values">
          {lines.map(({ label, values }, line) => {
            const value = values[index];
            return (
              <span key={label} data-line={line}>
                {label && `${label} `}
                <strong>{value === null || value === undefined ? '–' : format(value)}</strong>
              </span>
            );
          })}
          {at !== null && moment !== undefined && (
            <time>{new Date(moment * 1000).toLocaleTimeString('en-GB')}</time>
          )}
        </p>
      </header>
      <div ref={box} className="plot" role="img" aria-label={description} />
    </section>
  );
}

function optionsOf(
  element: HTMLElement,
  labels: readonly string[],
  least: number,
  format: (value: number) => string,
  onCursor: (index: number | null) => void,
): UPlot.Options {
  const colour = (name: string) => () => getComputedStyle(element).getPropertyValue(name);
  const axis: UPlot.Axis = {
    stroke: colour('--plot-text'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colour('--plot-grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(1, element.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    padding: [8, 22, 0, 0],
    scales: {
      x: {
        range: (_plot, min, max) => {
          const { most, least: few } = SHOWN_SECONDS;
          return [max - Math.max(few, Math.min(most, max - min)), max];
        },
      },
      y: { range: (_plot, _min, max) => [0, Math.max(least, (max ?? 0) * 1.15)] },
    },
    axes: [
      { ...axis, size: 28, values: clocks, space: 70, incrs: [15, 30, 60, 120] },
      { ...axis, size: 56, values: (_plot, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...labels.map((label, line): UPlot.Series => {
        const name = line === 0 ? '--plot-first' : '--plot-second';
        const fill = line === 0 && labels.length === 1 ? { fill: colour('--plot-fill') } : {};
        return { label, stroke: colour(name), width: 1.5, spanGaps: false, points: { size: 3 }, ...fill };
      }),
    ],
    hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)] },
  };
}

function clocks(_plot: UPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  const hands: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
  if (step < 60) hands.second = '2-digit';
  return splits.map((seconds) => new Date(seconds * 1000).toLocaleTimeString('en-GB', hands));
}
