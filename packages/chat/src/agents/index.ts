export { type BoundedFetchOptions, boundedFetch, DEFAULT_MAX_RESPONSE_BYTES } from './bounded-fetch.ts';
export { type ModelAgentOptions, modelAgent } from './model-agent.ts';
export { DEFAULT_MODEL_LIMITS, type ModelLimits, resolveModelLimits } from './model-limits.ts';
export { type ModelTool, modelTool, type ToolContext } from './model-tool.ts';
