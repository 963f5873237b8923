import { z } from 'zod';
import type { User } from '../agent.ts';
import { ChatError } from '../errors.ts';
import { THREAD_ID } from '../frame-schemas.ts';
import type { Limiter } from '../limits/index.ts';
import type { HistoryReads } from '../threads/history-reads.ts';
import type { ThreadStore } from '../threads/store.ts';

/** What a route gets, whatever the HTTP framework. */
export interface RouteRequest {
  readonly user: User;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface RouteReply {
  readonly status: number;
  readonly body?: unknown;
}

/** One route of the threads' HTTP interface; `path` has `:id` parameters as Fastify and Express take them. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly handle: (request: RouteRequest) => Promise<RouteReply>;
}

const title = z.string().trim().max(200);
const createBody = z.object({ title: title.optional() }).nullish();
const renameBody = z.object({ title: title.min(1) });
const historyQuery = z.object({
  before: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const listQuery = z.object({
  q: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(50).default(20),
  after: z.string().max(100).optional(),
});

/** Routes under `/threads` (PROTOCOL.md §3.4, §3.5). All need a signed-in user. */
export function threadRoutes(threads: ThreadStore, reads: HistoryReads, limiter: Limiter): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/threads',
      handle: async ({ user, query }) => {
        const { q: text, limit, after } = read(listQuery, query);
        if (text === undefined) return { status: 200, body: { threads: await threads.list(user) } };
        await limiter.requireSearch(user.id);
        return { status: 200, body: await threads.search(user, { text, limit, after }) };
      },
    },
    {
      method: 'POST',
      path: '/threads',
      handle: async ({ user, body }) => {
        const wanted = read(createBody, body)?.title;
        await limiter.requireThread(user.id);
        return { status: 201, body: await threads.create(user, wanted) };
      },
    },
    {
      method: 'GET',
      path: '/threads/:id',
      handle: async ({ user, params }) => ({ status: 200, body: await threads.get(user, idOf(params)) }),
    },
    {
      method: 'PATCH',
      path: '/threads/:id',
      handle: async ({ user, params, body }) => ({
        status: 200,
        body: await threads.rename(user, idOf(params), read(renameBody, body).title),
      }),
    },
    {
      method: 'DELETE',
      path: '/threads/:id',
      handle: async ({ user, params }) => {
        await threads.delete(user, idOf(params));
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/threads/:id/messages',
      handle: async ({ user, params, query }) => {
        const id = idOf(params);
        const { before, limit } = read(historyQuery, query);
        await threads.authorize(user, id);
        const history = await reads.ofUser(user.id, id, { before, limit });
        if (history === undefined) throw new ChatError('bad-request', 'before: there is no such message');
        const { waiting, more, ...page } = history;
        return {
          status: 200,
          body: { ...page, ...(waiting.length > 0 && { waiting }), ...(more && { more }) },
        };
      },
    },
  ];
}

function idOf(params: Readonly<Record<string, string>>): string {
  const { id } = params;
  if (id === undefined || !THREAD_ID.test(id)) throw new ChatError('not-found', 'There is no such thread');
  return id;
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ChatError(
    'bad-request',
    `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is not valid'}`,
  );
}
