import { afterEach, expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { Arena } from '../../src/memory/arena.ts';
import { Recording, record } from '../../src/memory/recording.ts';
import { bits } from './tools.ts';

const started = w.backend().kernels;
afterEach(() => {
  w.setBackend(started);
});

const STEPS = 4;
const SHAPES = [[9, 3], [3, 3, 3, 4], [4], [4], [4], [3, 2, 4, 1], [2, 2, 2, 4], [2], [2, 1, 2], [2], [2]] as const;

/** Words as images, and a step of training that goes through every operation over windows, forward and back. */
function training(): {
  readonly step: () => void;
  readonly next: (n: number) => void;
  readonly weights: readonly Tensor[];
} {
  const random = new w.Random(4);
  const weights = SHAPES.map((shape) => random.normal(shape, 0.1, 0.5));
  const [table, k1, b1, gamma, beta, k2, k3, b3, k4, gain, shift] = weights as [Tensor, Tensor, Tensor, ...Tensor[]];
  const list = w.zeros([2, 6, 6], 'int32');
  const loss = (): Tensor => {
    const image = w.conv2d(w.embedding(table, list), k1, b1, { padding: 'same', strides: [1, 2], activation: 'relu6' });
    const even = w.channelShuffle(w.batchNorm(image, gamma!, beta!, 1e-3).y, 2);
    const each = w.depthwiseConv2d(even, k2!, null, {
      padding: [
        [1, 1],
        [0, 1],
      ],
      activation: 'relu',
    });
    const small = w.add(
      w.maxPool2d(each, { size: 3, strides: 2, padding: 'same' }),
      w.avgPool2d(each, { size: 2, padding: 'same' }),
    );
    const large = w.conv2dTranspose(w.upsample(small, [1, 2]), k3!, b3!, { strides: 2 });
    const flat = w.reshape(large, [2, -1, 2]);
    const sequence = w.layerNorm(
      w.conv1d(w.maxPool1d(flat), k4!, null, { groups: 2, dilations: 2 }),
      gain!,
      shift!,
      1e-3,
    );
    return w.sum(w.square(w.add(w.globalAvgPool(w.avgPool1d(sequence)), w.globalMaxPool(sequence))));
  };
  const step = (): void => {
    const { grads } = w.valueAndGrad(loss, weights);
    grads.forEach((g, i) => {
      w.assign(weights[i]!, w.sub(weights[i]!, w.mul(g, 0.01)));
    });
  };
  const next = (n: number): void => {
    const words = Int32Array.from({ length: list.size }, (_, i) => (i * i + 5 * n * i + n) % 9);
    w.assign(list, w.tensor(words, { shape: list.shape }));
  };
  return { step, next, weights };
}

test('steps through windows have the same bits on every table, run or repeated, and take no new memory', () => {
  const results: string[][] = [];
  for (const table of [w.reference, w.cpu, w.wasm()]) {
    w.setBackend(table);
    const run = training();
    for (let n = 0; n < STEPS; n++) {
      run.next(n);
      const before = w.memory().allocations;
      w.step(run.step);
      if (n > 1) expect(w.memory().allocations).toBe(before);
    }
    results.push(run.weights.map(bits));
    const again = training();
    const arena = new Arena();
    again.next(0);
    const { recording } = record(arena, again.step);
    if (!(recording instanceof Recording)) throw new Error(recording);
    for (let n = 1; n < STEPS; n++) {
      again.next(n);
      recording.replay();
    }
    results.push(again.weights.map(bits));
    arena.dispose();
  }
  for (const result of results) expect(result).toEqual(results[0]);
  expect(results[0]).not.toEqual(training().weights.map(bits));
  expect(results[0]!.join()).not.toContain('NaN');
});
