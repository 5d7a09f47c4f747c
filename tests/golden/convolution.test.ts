import { describe, expect, test } from 'vitest';
import type { Shape, Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { expectClose, list, noise, of } from '../nn/tools.ts';
import {
  type PlainLayer,
  plainBatchNorm,
  plainConvolution,
  plainDense,
  plainGlobalAverage,
  plainMaxPool,
  plainPass,
  plainRelu,
} from './plain-layers.ts';
import { PlainAdam } from './plain-network.ts';

const STEPS = 20;
const BATCH = 6;
const CLASSES = 3;

interface Golden {
  readonly image: Shape;
  readonly shapes: readonly Shape[];
  readonly network: (x: Tensor, ...p: Tensor[]) => Tensor;
  readonly plain: (p: readonly number[][]) => PlainLayer[];
}

const conv = { batch: BATCH, groups: 1, stride: 1, before: 0 };

/** Convolution, max pool, two dense layers. */
const article: Golden = {
  image: [8, 8, 1],
  shapes: [[3, 3, 1, 3], [3], [27, 5], [5], [5, CLASSES], [CLASSES]],
  network: (x, k, b, k1, b1, k2, b2) => {
    const y = w.maxPool2d(w.conv2d(x, k!, b!, { activation: 'relu' }));
    return w.dense(w.dense(w.reshape(y, [BATCH, 27]), k1!, b1!, 'relu'), k2!, b2!);
  },
  plain: ([k, b, k1, b1, k2, b2]) => [
    plainConvolution(
      { ...conv, height: 8, width: 8, channels: 1, units: 3, taps: 3, outHeight: 6, outWidth: 6 },
      k!,
      b!,
    ),
    plainRelu(),
    plainMaxPool(BATCH, 6, 6, 3),
    plainDense(27, 5, k1!, b1!),
    plainRelu(),
    plainDense(5, CLASSES, k2!, b2!),
  ],
};

/** A stem by two, its channels normalized, one by one, mixed, and averaged: what small networks for phones are made of. */
const separable: Golden = {
  image: [7, 7, 2],
  shapes: [[3, 3, 2, 4], [4], [4], [4], [3, 3, 4, 2], [8], [1, 1, 8, 5], [5], [5, CLASSES], [CLASSES]],
  network: (x, k, b, gamma, beta, k1, b1, k2, b2, k3, b3) => {
    const stem = w.conv2d(x, k!, b!, { strides: 2, padding: 'same' });
    const y = w.relu6(w.batchNorm(stem, gamma!, beta!, 1e-3).y);
    const each = w.depthwiseConv2d(y, k1!, b1!, { padding: 'same', activation: 'relu' });
    const mixed = w.conv2d(each, k2!, b2!, { activation: 'relu6' });
    return w.dense(w.globalAvgPool(mixed), k3!, b3!);
  },
  plain: ([k, b, gamma, beta, k1, b1, k2, b2, k3, b3]) => {
    const size = { height: 4, width: 4, outHeight: 4, outWidth: 4 };
    return [
      plainConvolution(
        { ...conv, ...size, height: 7, width: 7, channels: 2, units: 4, taps: 3, stride: 2, before: 1 },
        k!,
        b!,
      ),
      plainBatchNorm(gamma!, beta!, 1e-3),
      plainRelu(6),
      plainConvolution({ ...conv, ...size, channels: 4, units: 8, groups: 4, taps: 3, before: 1 }, k1!, b1!),
      plainRelu(),
      plainConvolution({ ...conv, ...size, channels: 8, units: 5, taps: 1 }, k2!, b2!),
      plainRelu(6),
      plainGlobalAverage(BATCH, 16, 5),
      plainDense(5, CLASSES, k3!, b3!),
    ];
  },
};

/** Images of which the class can be seen: where they are bright. */
function images([height, width, channels]: Shape): { readonly x: number[]; readonly labels: number[] } {
  const draw = noise(31);
  const labels = Array.from({ length: BATCH }, (_, n) => n % CLASSES);
  const x = labels.flatMap((label) =>
    list(height! * width! * channels!, draw).map(
      (value, i) => value / 2 + Number(Math.floor((i * CLASSES) / (height! * width! * channels!)) === label),
    ),
  );
  return { x, labels };
}

/** Weights of about the size that keeps numbers where they are; biases far enough from 0 to be seen. */
function started(shapes: readonly Shape[]): number[][] {
  const draw = noise(17);
  return shapes.map((shape) => {
    const n = shape.reduce((p, q) => p * q, 1);
    return list(n, draw).map((value) =>
      shape.length === 1 ? 0.6 + value / 4 : value * Math.sqrt((3 * shape.at(-1)!) / n),
    );
  });
}

describe.each([
  ['a convolution, a pool and dense layers', article],
  ['a strided stem with batch normalization, a convolution by channel and a global average', separable],
])('%s trained by Adam in float64', (_, { image, shapes, network, plain }) => {
  test(`equals loops over plain numbers for ${STEPS} steps, in its losses, gradients and weights`, () => {
    const { x, labels } = images(image);
    const start = started(shapes);
    const layers = plain(start);
    const numbers = layers.flatMap(({ parameters }) => parameters);
    const [theirs, ours] = [new PlainAdam(numbers, 0.02), new w.Adam({ learningRate: 0.02 })];
    const weights = start.map((values, i) => of(values, shapes[i]!));
    const batch = of(x, [BATCH, ...image]);
    const targets = w.oneHot(w.tensor(Int32Array.from(labels)), CLASSES, 'float64');
    const losses: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const want = plainPass(layers, x, labels, CLASSES);
      w.step(() => {
        const loss = (): Tensor => w.mean(w.softmaxCrossEntropy(network(batch, ...weights), targets));
        const { value, grads } = w.valueAndGrad(loss, weights);
        expectClose([value.item()], [want.loss], 1e-9, `loss of step ${step}`);
        grads.forEach((g, i) => {
          expectClose(g.data, want.gradients[i]!, 1e-9, `gradient ${i} of step ${step}`, 1);
        });
        losses.push(value.item());
        ours.apply(weights, grads);
      });
      theirs.apply(want.gradients);
    }
    weights.forEach((t, i) => {
      expectClose(t.data, numbers[i]!, 1e-9, `weight ${i}`, 1);
    });
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2); // it did learn
  });
});
