import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { worker } from './vite.shared.ts';

/** The element for other pages: one file, with the engine's worker beside it, in the folder of the lab. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  publicDir: false,
  worker,
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { embed: resolve(import.meta.dirname, 'src/embed/embed.ts') },
      output: { entryFileNames: '[name].js', codeSplitting: false },
    },
  },
});
