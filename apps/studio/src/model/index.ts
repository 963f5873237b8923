export { createModelAgent, type ModelAgentSetup } from './agent.ts';
export { languageModel } from './provider.ts';
export { type ModelSettings, readModelSettings } from './settings.ts';
