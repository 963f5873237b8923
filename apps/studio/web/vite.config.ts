import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  plugins: [react()],
  resolve: { conditions: ['@taproot/source', ...defaultClientConditions] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The page's CSP allows no data: or inline scripts and styles; every asset is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What changes seldom stays cached when the page itself changes.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: 'ai', test: /node_modules\/(ai|zod|@ai-sdk)\// },
            { name: 'plots', test: /node_modules\/uplot\// },
            { name: 'markdown', test: /node_modules\// },
          ],
        },
      },
    },
  },
});

export default config;
