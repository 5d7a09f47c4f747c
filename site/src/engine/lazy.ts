import type { Follow } from './trained.ts';

/** Commands that are not needed at first: what follows them is loaded with the first of them. */
export type LazyKind = 'compress' | 'export' | 'formats' | 'open' | 'draw';

export const LAZY: { readonly [K in LazyKind]: () => Promise<Follow<K>> } = {
  compress: async () => (await import('./compressing.ts')).compress,
  export: async () => (await import('./exporting.ts')).exportFile,
  formats: async () => (await import('./exporting.ts')).formats,
  open: async () => (await import('./opening.ts')).open,
  draw: async () => (await import('./drawing.ts')).draw,
};
