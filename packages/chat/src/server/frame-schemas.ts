import { z } from 'zod';
import type { ClientFrame } from '../protocol/index.ts';

/** Ids become parts of Redis keys: no braces, no slashes, nothing to escape (PROTOCOL.md, "Limits"). */
export const THREAD_ID: RegExp = /^[A-Za-z0-9_-]{1,64}$/;
const threadId = z.string().regex(THREAD_ID);
const runId = z.string().regex(THREAD_ID);
const messageId = z.string().regex(/^[A-Za-z0-9_:.-]{1,128}$/);
const seq = z.int().min(0);
const chain = z.string().regex(/^[0-9a-f]{20}$/);
const part = z.object({ type: z.literal('text'), text: z.string() });
const content = { text: z.string().optional(), parts: z.array(part).min(1).max(64).optional() };

const after = z
  .object({
    seq,
    chain: chain.optional(),
    marks: z.array(z.object({ seq, chain })).max(64).optional(),
  })
  .refine(({ seq, chain }) => seq === 0 || chain !== undefined, 'chain is needed unless seq is 0')
  .refine(({ seq, marks = [] }) => marks.every((mark) => mark.seq <= seq), 'marks are older than seq');

function hasContent(frame: { text?: string | undefined; parts?: unknown }): boolean {
  return (frame.text === undefined) !== (frame.parts === undefined);
}

const SCHEMAS = {
  attach: z.object({ type: z.literal('attach'), thread: threadId, after: after.optional() }),
  detach: z.object({ type: z.literal('detach'), thread: threadId }),
  send: z
    .object({ type: z.literal('send'), thread: threadId, id: messageId, ...content })
    .refine(hasContent, 'needs either text or parts'),
  stop: z
    .object({ type: z.literal('stop'), thread: threadId, run: runId.optional(), id: messageId.optional() })
    .refine(({ run, id }) => (run === undefined) !== (id === undefined), 'needs either run or id'),
  regenerate: z.object({ type: z.literal('regenerate'), thread: threadId, id: messageId, of: messageId }),
  edit: z
    .object({ type: z.literal('edit'), thread: threadId, id: messageId, of: messageId, ...content })
    .refine(hasContent, 'needs either text or parts'),
  answer: z.object({
    type: z.literal('answer'),
    thread: threadId,
    run: runId,
    callId: z.string().min(1).max(128),
    approve: z.boolean(),
  }),
  ping: z.object({ type: z.literal('ping'), n: z.int().min(0) }),
} as const;

export type FrameResult =
  | { readonly kind: 'frame'; readonly frame: ClientFrame }
  | { readonly kind: 'unknown-type' | 'bad-frame'; readonly message: string; readonly ref?: string }
  | { readonly kind: 'not-json' };

/** Reads a frame from a client. Unknown members are ignored, so that they can be added. */
export function parseFrame(text: string): FrameResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'not-json' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'not-json' };
  const { type, id, callId, run, thread } = value as Record<string, unknown>;
  const ref = [id, callId, run, thread].find((name) => typeof name === 'string' && name.length <= 128) as
    | string
    | undefined;
  const told = ref === undefined ? {} : { ref };
  if (typeof type !== 'string' || !Object.hasOwn(SCHEMAS, type)) {
    return { kind: 'unknown-type', message: 'There is no frame of this type', ...told };
  }
  const result = SCHEMAS[type as keyof typeof SCHEMAS].safeParse(value);
  if (result.success) return { kind: 'frame', frame: result.data as ClientFrame };
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') ?? '';
  return {
    kind: 'bad-frame',
    message: `${where === '' ? type : where}: ${issue?.message ?? 'is not valid'}`,
    ...told,
  };
}
