import { describe, expect, test } from 'vitest';
import {
  conv2d,
  fromData,
  maxPool2d,
  mul,
  relu,
  reshape,
  sum,
  type Tensor,
  trace,
  valueAndGrad,
} from '../../src/index.ts';

const numbers = (n: number, f: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i * f + 1));
const image = (): Tensor => fromData(numbers(2 * 6 * 6 * 3, 2.3), [2, 6, 6, 3]);
const kernel = (): Tensor => fromData(numbers(3 * 3 * 3 * 4, 1.7), [3, 3, 3, 4]);

/** The same numbers, of which nobody knows any more that relu gave them. */
const unknown = (x: Tensor): Tensor => reshape(x, x.shape);

/** Gradients of a loss, and how often one was passed through relu on its own. */
function gradientsOf(loss: () => Tensor, wrt: readonly Tensor[]): { grads: number[][]; times: number } {
  const names: string[] = [];
  const { grads } = trace(
    () => valueAndGrad(loss, wrt),
    (line) => names.push(line),
  );
  return {
    grads: grads.map(({ data }) => [...data]),
    times: names.filter((line) => line.includes('reluGrad')).length,
  };
}

describe('a gradient that a pool passed through the relu before it', () => {
  const weights = fromData(numbers(2 * 2 * 2 * 4, 0.9), [2, 2, 2, 4]);
  const ofPool = (y: Tensor): Tensor => sum(mul(maxPool2d(y), weights));

  test.each([
    ['at the end of a convolution', (x: Tensor, k: Tensor) => conv2d(x, k, null, { activation: 'relu' })],
    ['by itself', (x: Tensor, k: Tensor) => relu(conv2d(x, k))],
  ])('%s is not passed through it again, and is the same to the bit', (_, make) => {
    const [x, k] = [image(), kernel()];
    const one = gradientsOf(() => ofPool(make(x, k)), [x, k]);
    const other = gradientsOf(() => ofPool(unknown(make(x, k))), [x, k]);
    expect(one.grads).toEqual(other.grads);
    expect(one.grads.every((grads) => grads.some((g) => g !== 0))).toBe(true);
    expect([one.times, other.times]).toEqual([0, 1]);
  });

  test.each(['before', 'behind'])('is passed where another, %s it, reads the value too', (place) => {
    const [x, k] = [image(), kernel()];
    const loss = (seen: (y: Tensor) => Tensor) => () => {
      const y = conv2d(x, k, null, { activation: 'relu' });
      const other = place === 'before' ? sum(y) : null;
      const pooled = ofPool(seen(y));
      return mul(pooled, other ?? sum(y));
    };
    const one = gradientsOf(
      loss((y) => y),
      [x, k],
    );
    expect(one.grads).toEqual(gradientsOf(loss(unknown), [x, k]).grads);
    expect(one.times).toBe(1);
  });
});
