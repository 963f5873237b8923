import type { Finding, FindingCode, InspectReport } from '../../inspect/index.ts';
import { heading, type Layout } from './layout.ts';
import { printable } from './printable.ts';

const GRAVE = new Set<FindingCode>(['unowned-keys', 'missing-ttl', 'save-failed', 'memory-near-limit']);

/** What deserves attention, with examples where there are any. */
export function findingsSection(report: InspectReport, layout: Layout): string[] {
  const { findings, refused } = report;
  const { paint } = layout;
  const holes =
    refused.length === 0 ? [] : [`  ${paint('faint', `Not allowed by the server: ${refused.join(', ')}`)}`];
  if (findings.length === 0) {
    return [heading(layout, 'Findings', paint('good', '✓ nothing that deserves attention')), ...holes];
  }
  return [
    heading(layout, 'Findings', String(findings.length)),
    ...findings.flatMap((finding) => [
      `  ${paint(GRAVE.has(finding.code) ? 'bad' : 'warning', '!')} ${printable(finding.message)}`,
      ...examplesOf(finding, report).map((text) => `    ${paint('faint', text)}`),
    ]),
    ...holes,
  ];
}

function examplesOf({ code, message }: Finding, { keys }: InspectReport): string[] {
  const examples =
    code === 'unowned-keys'
      ? keys?.unowned?.examples
      : code === 'missing-ttl'
        ? keys?.withoutTtl?.find(({ keyspace }) => message.includes(` of ${keyspace} `))?.examples
        : undefined;
  return examples === undefined || examples.length === 0
    ? []
    : [`e.g. ${examples.map(printable).join('  ')}`];
}
