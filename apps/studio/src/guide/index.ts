export { createDocsIndex, type DocsIndex, loadDocs, type Section, sectionsOf } from './docs/index.ts';
export { GuideError, type GuideErrorCode } from './errors.ts';
export { createGuide, DEFAULT_GUIDE_OPTIONS, type GuideOptions } from './guide.ts';
export type { RedisReader } from './redis/reader.ts';
export type { ListThreads, ThreadSummary } from './sources.ts';
export type { ModelAgent, Topic } from './topic.ts';
