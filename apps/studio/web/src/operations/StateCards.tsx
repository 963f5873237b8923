import type { ReactElement } from 'react';
import type { DeploymentFigures, OperationsReport, RunFigures } from '../../../src/operations/report.ts';
import { Icon } from '../ui/Icon.tsx';
import { bytes, count, ms, since } from './units.ts';

/** Whether this process may be sent traffic, and by which checks. */
export function ReadinessCard({ report }: { readonly report: OperationsReport }): ReactElement {
  const { state, since: from, reason, checks } = report.readiness;
  const ready = state === 'ready';
  return (
    <section className="card" aria-label="Readiness" data-testid="readiness" data-state={state}>
      <header>
        <h2>Readiness</h2>
        <p className="card-total">for {since((report.at - from) / 1000)}</p>
      </header>
      <p className="state" data-good={ready}>
        <Icon name={ready ? 'check' : 'warning'} size={20} />
        {state}
      </p>
      {reason && <p className="card-none">{reason}</p>}
      <dl className="facts">
        {Object.entries(checks).map(([name, { ok, ms: took, error }]) => (
          <div key={name} data-ok={ok}>
            <dt>{name}</dt>
            <dd>{ok ? (took === undefined ? 'ok' : ms(took)) : (error ?? 'not yet')}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The process that answered. */
export function ProcessCard({ report }: { readonly report: OperationsReport }): ReactElement {
  const { role, pid, uptimeSeconds, memoryBytes, sockets, runs, events } = report.process;
  const facts: readonly (readonly [name: string, value: string])[] = [
    ['Sockets', count(sockets)],
    ['Runs executed now', count(runs)],
    ['Events delivered', count(events)],
    ['Memory', bytes(memoryBytes)],
    ['Up', since(uptimeSeconds)],
    ['Role', role],
  ];
  return (
    <section className="card" aria-label="This process">
      <header>
        <h2>This process</h2>
        <p className="card-total">pid {pid}</p>
      </header>
      <Facts facts={facts} />
    </section>
  );
}

/** Redis as a whole. */
export function RedisCard({ deployment }: { readonly deployment: DeploymentFigures }): ReactElement {
  const { server, memoryBytes, maxMemoryBytes, connections, keys, tookMs } = deployment;
  const facts: readonly (readonly [name: string, value: string])[] = [
    ['Server', server],
    ['Memory', maxMemoryBytes ? `${bytes(memoryBytes)} of ${bytes(maxMemoryBytes)}` : bytes(memoryBytes)],
    ['Keys', count(keys.total)],
    ['Connections', count(connections.total)],
    ['Looked at in', ms(tookMs)],
  ];
  return (
    <section className="card" aria-label="Redis">
      <header>
        <h2>Redis</h2>
      </header>
      <Facts facts={facts} />
    </section>
  );
}

function Facts({ facts }: { readonly facts: readonly (readonly [string, string])[] }): ReactElement {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Open runs of the deployment. */
export function RunsCard({ runs }: { readonly runs: RunFigures }): ReactElement {
  const states = [
    ['running', runs.running],
    ['queued', runs.queued],
    ['waiting for a user', runs.waiting],
  ] as const;
  return (
    <section className="card" aria-label="Open runs" data-testid="runs">
      <header>
        <h2>Open runs</h2>
        <p className="card-total">
          {runs.looked < runs.open ? `states of ${count(runs.looked)} of ${count(runs.open)}` : 'by state'}
        </p>
      </header>
      <ul className="runs">
        {states.map(([name, value]) => (
          <li key={name} data-some={value > 0}>
            <strong>{count(value)}</strong> {name}
          </li>
        ))}
      </ul>
    </section>
  );
}
