import type { ActivationSpec, DenseLayer, Network, QuantizedDenseLayer } from '../../src/infer/index.ts';

/** Numbers in [-1, 1) that depend on the seed only (Lehmer's generator). */
export function randoms(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 1073741823.5 - 1;
  };
}

export const floats = (n: number, next: () => number, scale = 1): Float32Array =>
  Float32Array.from({ length: n }, () => next() * scale);

export const integers = (n: number, next: () => number, limit: number): number[] =>
  Array.from({ length: n }, () => Math.round(next() * limit));

export function dense(
  name: string,
  inputs: number,
  units: number,
  next: () => number,
  activation: ActivationSpec = { name: 'linear' },
): DenseLayer {
  const [weights, bias] = [floats(inputs * units, next), floats(units, next)];
  return { type: 'dense', name, inputs, units, weights, bias, activation, mask: null };
}

export function quantized(
  name: string,
  inputs: number,
  units: number,
  next: () => number,
  change: Partial<QuantizedDenseLayer> = {},
): QuantizedDenseLayer {
  return {
    type: 'quantizedDense',
    name,
    inputs,
    units,
    weights: Int8Array.from(integers(inputs * units, next, 127)),
    weightScales: Float32Array.from({ length: units }, () => 0.002 + 0.001 * next()),
    bias: Int32Array.from(integers(units, next, 5000)),
    input: { scale: 0.01, zeroPoint: -7 },
    output: null,
    activation: { name: 'linear' },
    ...change,
  };
}

/** One layer of each type, pruned weights among them. */
export function mixedNetwork(seed = 1): Network {
  const next = randoms(seed);
  const first = dense('first', 6, 20, next, { name: 'leakyRelu', alpha: 0.1 });
  const mask = first.weights.map((w) => (w > 0.5 ? 1 : 0));
  const pruned = first.weights.map((w, i) => (mask[i] === 1 ? w : 0));
  const output = { scale: 0.05, zeroPoint: 3 };
  return {
    inputShape: [2, 3],
    layers: [
      { type: 'flatten', name: 'flat' },
      { ...first, weights: pruned as Float32Array, mask: Uint8Array.from(mask) },
      { type: 'dropout', name: 'drop', rate: 0.25 },
      quantized('middle', 20, 9, next, { output, activation: { name: 'relu' } }),
      quantized('last', 9, 4, next, { input: output, activation: { name: 'tanh' } }),
      { type: 'activation', name: 'probabilities', activation: { name: 'softmax' } },
    ],
  };
}
