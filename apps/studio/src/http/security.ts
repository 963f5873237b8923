import {
  type Allowed,
  ChatError,
  hostAllowed,
  type Limiter,
  originAllowed,
  problem,
} from '@taproot/chat/server';
import type { FastifyInstance } from 'fastify';

/** Only this page's own scripts, styles and connections; nothing may frame it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Fastify refuses an address that cannot be read before any check of ours; instead it gets one that no route has. */
export function decodableUrl({ url = '/' }: { readonly url?: string | undefined }): string {
  try {
    decodeURIComponent(url.split('?', 1)[0] ?? '');
    return url.startsWith('/') || URL.canParse(url) ? url : '/%25';
  } catch {
    return '/%25';
  }
}

/**
 * Checks before any route: a known Host and not too many requests everywhere, and no foreign Origin or other content type where
 * something changes.
 */
export function addSecurity(app: FastifyInstance, allowed: Allowed, limiter: Limiter): void {
  // An empty body counts as an empty object (PROTOCOL.md §2.3).
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      const body: unknown = text === '' ? {} : JSON.parse(String(text));
      if (typeof body === 'object' && body !== null && !Array.isArray(body)) done(null, body);
      else done(new ChatError('bad-request', 'The body must be a JSON object'));
    } catch {
      done(new ChatError('bad-request', 'The body must be a JSON object'));
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    if (!hostAllowed(request.headers.host, allowed))
      return refuse(403, 'foreign-host', 'This host name is not served');
    limiter.requireRequest({ address: limiter.addressOf(request.raw) });
    if (request.method === 'GET' || request.method === 'HEAD') return undefined;
    if (!originAllowed(request.headers, allowed))
      return refuse(403, 'foreign-origin', 'This origin may not call');
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') {
      return refuse(415, 'unsupported-media-type', 'Send Content-Type: application/json');
    }
    return undefined;

    function refuse(...args: Parameters<typeof problem>): unknown {
      return reply
        .code(args[0])
        .type('application/problem+json')
        .send(problem(...args));
    }
  });
}
