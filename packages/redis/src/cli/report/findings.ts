import type { Finding, FindingCode, InspectReport } from '../../inspect/index.ts';
import { heading, type Layout, paragraph } from './layout.ts';
import { printable } from './printable.ts';

const GRAVE = new Set<FindingCode>([
  'unreachable',
  'unowned-keys',
  'missing-ttl',
  'wrong-type',
  'save-failed',
  'memory-near-limit',
]);

/** What deserves attention, with examples where there are any. */
export function findingsSection(report: InspectReport, layout: Layout): string[] {
  const { findings, refused } = report;
  const holes = `Refused by the server: ${refused.join(', ')}.`;
  return [
    findings.length === 0
      ? heading(layout, 'Findings', '✓ nothing that deserves attention', 'good')
      : heading(layout, 'Findings', String(findings.length)),
    ...findings.flatMap((finding) => [
      ...paragraph(printable(finding.message), layout, 'plain', {
        mark: '! ',
        markTone: GRAVE.has(finding.code) ? 'bad' : 'warning',
      }),
      ...examplesOf(finding, report).flatMap((text) => paragraph(text, layout, 'faint', { indent: 4 })),
    ]),
    ...(refused.length === 0 ? [] : paragraph(holes, layout, 'faint')),
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
    : [`e.g. ${examples.map(printable).join(', ')}`];
}
