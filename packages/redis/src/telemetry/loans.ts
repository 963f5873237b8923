import type { LoanInfo } from '../loans/index.ts';
import type { MetricFamily, Sample } from './prometheus.ts';

/** Figures of what is lent to libraries, and of the budget for it. */
export function loanFamilies(
  loans: readonly LoanInfo[],
  { max, refused }: { readonly max: number; readonly refused: number },
): MetricFamily[] {
  return [
    {
      name: 'taproot_redis_loans',
      help: 'Clients that are lent, their duplicates included',
      type: 'gauge',
      samples: samplesOf(loans),
    },
    {
      name: 'taproot_redis_loans_max',
      help: 'Clients that may be lent at a time',
      type: 'gauge',
      samples: [{ value: max }],
    },
    {
      name: 'taproot_redis_loans_refused_total',
      help: 'Clients that were not lent because as many as may be were out',
      type: 'counter',
      samples: [{ value: refused }],
    },
  ];
}

/** Loans of the same words are one series: a name may come once only. */
function samplesOf(loans: readonly LoanInfo[]): Sample[] {
  const samples = new Map<string, Sample>();
  for (const { driver, owner, purpose, open, duplicates } of loans) {
    const labels = { driver, owner, purpose };
    const series = JSON.stringify(labels);
    const value = (samples.get(series)?.value ?? 0) + Number(open) + duplicates;
    samples.set(series, { labels, value });
  }
  return [...samples.values()];
}
