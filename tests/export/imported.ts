/** What an exported module exports. */
export interface Exported {
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputs: Exported['inputs'];
  readonly run: (
    given: ArrayLike<number> | readonly ArrayLike<number>[],
  ) => Float32Array | readonly (Float32Array | Int32Array)[];
  readonly selfTest: () => boolean;
}

/** The module that a text is. */
export const imported = async (source: string): Promise<Exported> =>
  (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(source)}`)) as Exported;
