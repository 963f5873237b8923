export { loadDocs } from './load.ts';
export { createDocsIndex, type DocsIndex, type Hit } from './search.ts';
export { type Section, sectionsOf } from './sections.ts';
export { type DocsResult, type Quote, searchDocs } from './tool.ts';
