import type { Stored } from '../src/graph/encoding.ts';
import { Network } from '../src/graph/network.ts';
import { gathered, patternOf, type SparseWidth } from '../src/graph/sparse.ts';
import { randoms } from './infer/networks.ts';

const isKernel = ({ shape, encoding }: Stored): boolean =>
  shape.length > 1 && (encoding.type === 'float32' || encoding.type === 'int8');

const withKernels = (network: Network, change: (weight: Stored) => Stored): Network =>
  new Network({
    ...network,
    weights: new Map([...network.weights].map(([key, weight]) => [key, isKernel(weight) ? change(weight) : weight])),
  });

/** A network with about a share of the blocks of its kernels at 0: one row of so many columns each. */
export function zeroed(network: Network, width: SparseWidth, share: number, seed = 5): Network {
  const next = randoms(seed);
  return withKernels(network, (weight) => {
    const { shape, encoding } = weight as Stored & { encoding: { type: 'float32' | 'int8' } };
    const units = shape.at(-1)!;
    const values = encoding.values.slice() as Float32Array;
    for (let start = 0; start < values.length; start += units)
      for (let j = 0; j < units; j += width)
        if ((next() + 1) / 2 < share) values.fill(0, start + j, start + Math.min(units, j + width));
    return { ...weight, encoding: { ...encoding, values } as Stored['encoding'] };
  });
}

/** The network with what its kernels hold besides 0 in panels. */
export const inPanels = (network: Network, width: SparseWidth): Network =>
  withKernels(network, (weight) => {
    const { shape, encoding } = weight;
    const units = shape.at(-1)!;
    const pattern = patternOf(encoding.values, units, width);
    if (encoding.type === 'int8')
      return {
        ...weight,
        encoding: { ...encoding, type: 'sparseInt8', ...pattern, values: gathered(encoding.values, units, pattern) },
      };
    const values = gathered(encoding.values as Float32Array, units, pattern);
    return { ...weight, encoding: { type: 'sparse', ...pattern, values } };
  });
