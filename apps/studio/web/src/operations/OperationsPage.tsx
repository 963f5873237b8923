import { type ReactElement, useMemo } from 'react';
import type { DeploymentFigures, OperationsReport } from '../../../src/operations/report.ts';
import { Notice } from '../ui/Notice.tsx';
import { Bars } from './Bars.tsx';
import { Plot } from './Plot.tsx';
import { ProcessCard, ReadinessCard, RedisCard, RunsCard } from './StateCards.tsx';
import { bytes, count, ms } from './units.ts';
import { useOperations } from './use-operations.ts';

/** The operators' page: whether all is well, who holds what, and how fast events reach their readers. */
export default function OperationsPage(): ReactElement {
  const { report, problem } = useOperations();
  const said = problem ?? report?.problem;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard
    <section className="operations" data-testid="operations" aria-label="Operations" tabIndex={0}>
      {said && (
        <Notice tone="warning">
          {said}
          {report && ' The figures are those of before.'}
        </Notice>
      )}
      {report === undefined && !problem && <p className="loading">Looking…</p>}
      {report && <Figures report={report} />}
    </section>
  );
}

function Figures({ report }: { readonly report: OperationsReport }): ReactElement {
  const { deployment } = report;
  return (
    <div className="cards">
      <ReadinessCard report={report} />
      <ProcessCard report={report} />
      {deployment && <RedisCard deployment={deployment} />}
      {deployment && <RunsCard runs={deployment.runs} />}
      <Plots report={report} />
      {deployment && <Holders deployment={deployment} />}
      {deployment && deployment.findings.length > 0 && (
        <section className="card card-wide" aria-label="Findings">
          <header>
            <h2>Findings</h2>
          </header>
          <ul className="findings">
            {deployment.findings.map((finding) => (
              <li key={finding}>{finding}</li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Plots({ report: { at, series } }: { readonly report: OperationsReport }): ReactElement {
  const { events, p50, p99 } = series;
  const times = useMemo(() => {
    const newest = Math.floor(at / 1000);
    return events.map((_, index) => newest - events.length + 1 + index);
  }, [at, events]);
  const delivered = useMemo(() => [{ label: '', values: events }], [events]);
  const latency = useMemo(
    () => [
      { label: 'p50', values: p50 },
      { label: 'p99', values: p99 },
    ],
    [p50, p99],
  );
  const last = p99.findLast((value) => value !== null);
  return (
    <>
      <Plot
        title="Events delivered per second"
        description={`The last ${events.length} seconds: at most ${count(Math.max(0, ...events))} events in a second, ${count(events.at(-1) ?? 0)} in the newest.`}
        times={times}
        lines={delivered}
        format={count}
        least={5}
      />
      <Plot
        title="From append to delivery"
        description={
          last === undefined || last === null
            ? `No event was delivered in the last ${p99.length} seconds.`
            : `The newest second with events: 99 of 100 were delivered within ${ms(last)} of their append.`
        }
        times={times}
        lines={latency}
        format={ms}
        least={5}
      />
    </>
  );
}

function Holders({
  deployment: { connections, keys },
}: {
  readonly deployment: DeploymentFigures;
}): ReactElement {
  return (
    <>
      <Bars
        title="Connections by owner"
        total={`${count(connections.total)} open`}
        columns={['Owner', 'Role and memory', 'Connections']}
        bars={connections.owners.map(({ owner, role, connections: open, memoryBytes }) => ({
          name: owner,
          note: [role, bytes(memoryBytes)].filter(Boolean).join(' · '),
          value: open,
          said: count(open),
        }))}
      />
      <Bars
        title="Keyspaces by memory"
        total={`${count(keys.total)} keys`}
        columns={['Keyspace', 'Keys', 'Memory']}
        bars={keys.keyspaces.map(({ name, keys: held, memoryBytes = 0 }) => ({
          name,
          note: `${count(held)} ${held === 1 ? 'key' : 'keys'}`,
          value: memoryBytes,
          said: bytes(memoryBytes),
        }))}
      />
    </>
  );
}
