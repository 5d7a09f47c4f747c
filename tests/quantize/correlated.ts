import type { Stored } from '../../src/graph/encoding.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { fromData, predictNetwork, type Tensor } from '../../src/index.ts';
import { normal, values } from '../compress/tools.ts';

/** Samples [samples, features] of which a few numbers, and some noise, make all. */
export function correlated(samples: number, features: number, seed: number, rank = 6): Tensor {
  const causes = normal([samples, rank], seed).data;
  const mix = normal([rank, features], seed + 1000).data;
  const noise = normal([samples, features], seed + 2000).data;
  const x = Float32Array.from(noise, (e, at) => {
    const [i, j] = [Math.floor(at / features), at % features];
    let sum = 0.3 * e;
    for (let k = 0; k < rank; k++) sum += causes[i * rank + k]! * mix[k * features + j]!;
    return sum / 3;
  });
  return fromData(x, [samples, features]);
}

export const reals = (shape: readonly number[], seed: number, scale = 0.2): Stored => ({
  shape,
  encoding: { type: 'float32', values: Float32Array.from(normal(shape, seed).data, (w) => scale * w) },
  mask: null,
});

const relu = { activation: { name: 'relu' } } as const;
const linear = { activation: { name: 'linear' } } as const;

/** Dense layers of these widths, with relu between them, linear at the end. */
export function denseNetwork(widths: readonly number[], seed: number, biases = true): Network {
  const weights = new Map<string, Stored>();
  const nodes = widths.slice(1).map((units, i) => {
    const keys: Record<string, string> = { kernel: `d${i}/kernel` };
    weights.set(keys.kernel!, reals([widths[i]!, units], seed + 10 * i));
    if (biases) {
      keys.bias = `d${i}/bias`;
      weights.set(keys.bias, reals([units], seed + 10 * i + 5));
    }
    const attrs = i === widths.length - 2 ? linear : relu;
    return nodeOf('dense', `d${i}`, [i === 0 ? 'x' : `d${i - 1}`], attrs, { weights: keys });
  });
  const inputs = [{ name: 'x', shape: [widths[0]!], dtype: 'float32' }] as const;
  return new Network({ inputs, nodes, outputs: [nodes.at(-1)!.name], weights });
}

/** Σ (a - b)² of the outputs of two networks. */
export function squaredDistance(a: Network, b: Network, x: Tensor): number {
  const other = values(predictNetwork(b, x));
  return values(predictNetwork(a, x)).reduce((sum, y, i) => sum + (y - other[i]!) ** 2, 0);
}
