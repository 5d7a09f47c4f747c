import type { Settings } from '../../state/settings.ts';

/** Words of this part. Sentences with figures are functions of them. */
export const shell = {
  title: 'whittle-ml lab',
  name: 'lab',
  skip: 'Skip to the content',
  tabs: {
    label: 'Parts of the lab',
    fit: 'Fit',
    compress: 'Compress',
    digits: 'Draw a digit',
    kernels: 'Kernels',
    article: 'Article',
  } satisfies { readonly [T in Settings['tab'] | 'label']: string },
  language: 'Language',
  docs: 'Documentation',
  kernels: {
    wasm: 'WebAssembly kernels',
    cpu: 'TypeScript kernels',
    wasmHint: 'The engine computes with WebAssembly SIMD, in a worker beside the page.',
    cpuHint:
      'The engine computes in TypeScript, in a worker beside the page: WebAssembly SIMD is still being loaded, or this browser or its policy refuses it.',
  },
  loading: 'Loading…',
  failed: (why: string) => `This part stopped by an error of its own: ${why}`,
  notLoaded: (why: string) => `This part could not be loaded: ${why} Is the connection there? Then try again.`,
  noEngine: (why: string) => `The engine could not be started, so nothing can be trained: ${why}`,
  noLanguage: (why: string) =>
    `The other language could not be loaded: ${why} Is the connection there? Then choose it again.`,
  again: 'Try again',
};
