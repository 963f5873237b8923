import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const conditions = ['@taproot/source', ...defaultServerConditions];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'soak/test/**/*.test.ts'],
    // What the gardener is tried on holds tests of its own, which nobody runs.
    exclude: ['**/node_modules/**', 'packages/gardener/test/corpus/**'],
    // Every file starts real servers; on a two-core machine more workers only make each other slow.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A developer's or operator's Redis is never a test's Redis.
    env: { REDIS_URL: '' },
  },
});
