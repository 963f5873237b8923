import { useEffect, useState } from 'react';
import type { OperationsReport } from '../../../src/operations/report.ts';

const EVERY_MS = 2000;

export interface Operations {
  readonly report: OperationsReport | undefined;
  /** Why there is none, or why it is old. */
  readonly problem: string | undefined;
}

/** The operators' figures, asked for every two seconds while somebody looks at this tab. */
export function useOperations(): Operations {
  const [operations, setOperations] = useState<Operations>({ report: undefined, problem: undefined });
  useEffect(() => {
    const stopped = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      const answer = await ask(stopped.signal);
      if (stopped.signal.aborted) return;
      setOperations((before) => ({ report: answer.report ?? before.report, problem: answer.problem }));
      timer = setTimeout(() => {
        if (document.visibilityState === 'visible') void look();
      }, EVERY_MS);
    };
    const onLook = (): void => {
      clearTimeout(timer);
      if (document.visibilityState === 'visible') void look();
    };
    void look();
    document.addEventListener('visibilitychange', onLook);
    return () => {
      stopped.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onLook);
    };
  }, []);
  return operations;
}

async function ask(signal: AbortSignal): Promise<Operations> {
  try {
    const response = await fetch('/operations', { headers: { accept: 'application/json' }, signal });
    if (response.ok) return { report: (await response.json()) as OperationsReport, problem: undefined };
    const problem =
      response.status === 404
        ? 'Only operators see these figures, and only while Redis can tell who is one.'
        : `The server answered ${response.status}.`;
    return { report: undefined, problem };
  } catch {
    return { report: undefined, problem: 'The server cannot be reached.' };
  }
}
