import { type ModelTool, modelTool, type ToolContext } from '@taproot/chat/agents';
import { z } from 'zod';
import {
  type DocsIndex,
  type ListThreads,
  patient,
  perform,
  type RedisReader,
  type Sources,
  searchDocs,
  TOPICS,
  type Tool,
  type Topic,
} from '../guide/index.ts';

/** What the tools draw on. */
export interface ToolSources {
  readonly manager: RedisReader;
  readonly docs: DocsIndex;
  readonly listThreads: ListThreads;
}

/** How long a tool waits for Redis to come back, in ms. */
const PATIENCE_MS = 15_000;

/**
 * The guide's own tools, offered to a model. Everybody's model is told of all of them: who may use one is checked where it
 * executes.
 */
export function guideTools(sources: ToolSources): Record<string, ModelTool> {
  const granted = ({ user, signal }: ToolContext): Sources => ({
    redis: patient(sources.manager, signal, PATIENCE_MS),
    docs: sources.docs,
    listThreads: sources.listThreads,
    user,
    signal,
  });
  const ofTopics = TOPICS.filter(hasTool).map(({ tool, about }): [string, ModelTool] => [
    tool.name,
    modelTool({
      description: `Reads ${about}.${tool.operatorOnly ? ' Refuses users who are no operators.' : ''}`,
      inputSchema: z.object({}),
      execute: (_, context) => perform(tool, granted(context)),
    }),
  ]);
  const search = modelTool({
    description: 'Searches the documentation of this system, Taproot, and quotes the best sections.',
    inputSchema: z.object({ query: z.string().describe('A question or a few words') }),
    execute: ({ query }, context) => perform(searchDocs(query), granted(context)),
  });
  return { ...Object.fromEntries(ofTopics), search_docs: search };
}

function hasTool(topic: Topic): topic is Topic & { readonly tool: Tool<object> } {
  return 'tool' in topic;
}
