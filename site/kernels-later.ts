import { resolve } from 'node:path';
import type { Plugin } from 'vite';

const ENGINE = resolve(import.meta.dirname, 'src/engine/worker.ts');
const LATER = resolve(import.meta.dirname, 'src/engine/kernels-later.ts');
/** Where the library chooses its kernels, and what it imports of those in WebAssembly. */
const CHOICE = /\/dist\/src\/memory\/runtime\.js$/;
const WANTED = /\/kernels\/wasm\/(?:wasm|engine|float64\/wasm64)\.js$/;
const COUNT = 3;
const IN_WEBASSEMBLY = /\/dist\/kernels\/wasm\//;

const path = (id: string): string => id.replaceAll('\\', '/');

/**
 * Lets the engine's worker begin with the library's kernels in TypeScript: where the library chooses, the kernels in
 * WebAssembly are those of `kernels-later.ts`, which loads them. Other workers keep them as they are. The build fails where
 * they would be loaded at once all the same.
 */
export function kernelsLater(): Plugin {
  let isEngine = false;
  const replaced = new Set<string>();
  return {
    name: 'kernels-later',
    enforce: 'pre',
    buildStart({ input }) {
      isEngine = Object.values(input).some((entry) => path(entry) === path(ENGINE));
    },
    resolveId(source, importer) {
      if (!isEngine || importer === undefined || !CHOICE.test(path(importer)) || !WANTED.test(source)) return null;
      replaced.add(source);
      return LATER;
    },
    generateBundle(_, bundle) {
      if (!isEngine) return;
      if (replaced.size !== COUNT)
        this.error(
          `the library imports ${replaced.size} modules of kernels in WebAssembly where it chooses, not ${COUNT}`,
        );
      const atOnce = new Set<string>();
      const walk = (name: string): void => {
        const chunk = bundle[name];
        if (chunk?.type !== 'chunk' || atOnce.has(name)) return;
        atOnce.add(name);
        const found = chunk.moduleIds.find((id) => IN_WEBASSEMBLY.test(path(id)));
        if (found !== undefined) this.error(`${found} is loaded with the engine, and should come later`);
        for (const other of chunk.imports) walk(other);
      };
      for (const [name, chunk] of Object.entries(bundle)) if (chunk.type === 'chunk' && chunk.isEntry) walk(name);
    },
  };
}
