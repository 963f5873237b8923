export {
  createDocsIndex,
  type DocsIndex,
  loadDocs,
  type Section,
  searchDocs,
  sectionsOf,
} from './docs/index.ts';
export { GuideError, type GuideErrorCode } from './errors.ts';
export { createGuide, DEFAULT_GUIDE_OPTIONS, type GuideOptions } from './guide.ts';
export { patient } from './redis/patient.ts';
export type { RedisReader } from './redis/reader.ts';
export type { ListThreads, Sources, ThreadSummary } from './sources.ts';
export { type ModelAgent, perform, type Tool, type Topic } from './topic.ts';
export { TOPICS } from './topics/index.ts';
