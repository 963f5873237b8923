import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const PAGE = join(import.meta.dirname, '../../web/dist');

/** The built page, for `/` and for every thread's address. */
export async function addPage(app: FastifyInstance, folder: string = PAGE): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    app.log.warn('The page is not built yet; `npm start` builds it, or run `npm run build:page`');
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    dotfiles: 'ignore',
    // Vite puts a hash of the content into these names.
    setHeaders: (reply, path) =>
      void reply.header(
        'cache-control',
        relative(folder, path).startsWith(`assets${sep}`)
          ? 'public, max-age=31536000, immutable'
          : 'no-cache',
      ),
  });
  app.get('/t/:id', (_request, reply) => reply.sendFile('index.html'));
}
