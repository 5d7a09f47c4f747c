import { resolve } from 'node:path';
import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { build, defineConfig, type Plugin } from 'vite';
import { NOT_IN_A_PAGE, together, worker } from './vite.shared.ts';

/** What a page of the lab may load and run: what comes with it, compiled WebAssembly, and no text as code. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The policy as the first thing of the head. Built pages have it; those of the development server load styles as text. */
const policy: Plugin = {
  name: 'policy',
  apply: 'build',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
  ],
};

/** The element for other pages is a build of its own, since it is one file. */
const embed: Plugin = {
  name: 'embed',
  apply: 'build',
  closeBundle: async () => {
    await build({ configFile: resolve(import.meta.dirname, 'vite.embed.config.ts') });
  },
};

/** The lab, the page in which it measures a graphics processor, and the one that shows the element for other pages. */
const PAGES = ['index.html', 'gpu.html', 'embed.html'].map((name) => resolve(import.meta.dirname, name));

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [svelte({ preprocess: vitePreprocess() }), policy, embed],
  worker,
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: PAGES,
      external: NOT_IN_A_PAGE,
      output: together('page', /\/node_modules\/svelte\/|\/site\/src\/(?:shell|state|fit)\//),
    },
  },
});
