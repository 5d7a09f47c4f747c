import type { UserConfig } from 'vite';
import { kernelsLater } from './kernels-later.ts';

/** What the benchmarks import where they time by it, which a page does not. */
export const NOT_IN_A_PAGE = ['benchmark'];

/** Modules of these folders that several files need come in one: many small files take more bytes, and more time. */
export const together = (name: string, test: RegExp) => ({
  codeSplitting: { groups: [{ name, test, minShareCount: 2 }] },
});

/** The same for the page and for the element, which so have the same engine. */
export const worker: NonNullable<UserConfig['worker']> = {
  format: 'es',
  plugins: () => [kernelsLater()],
  rolldownOptions: {
    external: NOT_IN_A_PAGE,
    output: together('base', /\/dist\/(?:kernels\/(?!wasm\/)|src\/(?:base|memory|tensor)\/)/),
  },
};
