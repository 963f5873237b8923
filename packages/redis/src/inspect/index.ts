export type { AddressClass } from './client-list.ts';
export type { ConnectionOwner, ConnectionsReport } from './connections.ts';
export { FINDING_CODES, type Finding, type FindingCode } from './findings.ts';
export { inspect } from './inspect.ts';
export type { BigKey, KeyspaceReport, KeysReport, MissingTtl, UnownedKeys } from './keys-report.ts';
export { DEFAULT_INSPECT_OPTIONS, type InspectOptions, type InspectProgress } from './limits.ts';
export {
  type KeyPart,
  partsOf as keyParts,
  shortId,
  shortKeyOf as shortKey,
  templateOf as keyFamily,
} from './mask.ts';
export { maskNames } from './mask-names.ts';
export type { InspectReport } from './report.ts';
export type { DatabaseReport, MemoryReport, PersistenceReport, ServerReport } from './server.ts';
export type { SlowCommand, SlowLogReport } from './slow-log.ts';
export type { DeclaredKeyspace, InspectSource, KeyClassifier } from './source.ts';
export type { Estimate } from './tally.ts';
