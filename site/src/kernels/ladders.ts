/** What the page offers to measure. Each choice names a row of the benchmarks, which the worker looks up by that name. */
export type Ladder = 'gemm' | 'conv' | 'int8' | 'sparse';

export type Choice =
  /** C = A·B, all of n by n. */
  | { readonly ladder: 'gemm' | 'int8'; readonly n: number }
  /** Square windows of `size` over square images of `side`, stride 1, `same` padding. */
  | {
      readonly ladder: 'conv';
      readonly size: number;
      readonly channels: number;
      readonly units: number;
      readonly side: number;
      readonly batch: number;
    }
  /** A dense layer of `n` inputs and units, of whose weights `sparsity` percent are zero. */
  | { readonly ladder: 'sparse'; readonly n: number; readonly sparsity: number; readonly batch: number };

const squares = (ladder: 'gemm' | 'int8'): Choice[] => [64, 128, 256, 512].map((n) => ({ ladder, n }));

export const CHOICES: Readonly<Record<Ladder, readonly Choice[]>> = {
  gemm: squares('gemm'),
  conv: [
    { ladder: 'conv', size: 3, channels: 1, units: 32, side: 28, batch: 4 },
    { ladder: 'conv', size: 3, channels: 32, units: 32, side: 14, batch: 4 },
    { ladder: 'conv', size: 1, channels: 64, units: 128, side: 14, batch: 4 },
  ],
  int8: squares('int8'),
  sparse: [32, 1].flatMap((batch) =>
    [50, 80, 90, 95].map((sparsity): Choice => ({ ladder: 'sparse', n: 512, sparsity, batch })),
  ),
};

export const LADDERS: readonly Ladder[] = ['gemm', 'conv', 'int8', 'sparse'];

/** The choice that is shown first: neither so small that calls cost as much as work, nor so large that one waits. */
export const FIRST: Readonly<Record<Ladder, number>> = { gemm: 2, conv: 1, int8: 2, sparse: 1 };

/** The name of the row in the benchmarks. */
export function rowName(choice: Choice): string {
  switch (choice.ladder) {
    case 'gemm':
      return `gemm ${choice.n}x${choice.n}x${choice.n}`;
    case 'int8':
      return `gemmInt8 ${choice.n}x${choice.n}x${choice.n}`;
    case 'conv': {
      const { size, channels, units, side, batch } = choice;
      return `ladder conv2d ${size}x${size} ${channels}->${units} ${side}x${side} batch ${batch}`;
    }
    case 'sparse':
      return `sparse ${choice.n}x${choice.n} ${choice.sparsity} % batch ${choice.batch}`;
  }
}
