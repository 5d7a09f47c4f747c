import { describe, expect, test } from 'vitest';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  adaRound,
  Conv2D,
  Conv2DTranspose,
  Dense,
  Flatten,
  fromData,
  type LayerFormatChoice,
  quantize,
  Sequential,
  toNetwork,
} from '../../src/index.ts';
import { gridOf } from '../../src/quantize/grid.ts';
import { FIVE } from '../compress/five-networks.ts';
import { normal } from '../compress/tools.ts';
import { correlated, denseNetwork, squaredDistance } from './correlated.ts';

const few = { steps: 300 };

const realsIn = (network: Graph<Stored>, key = 'd0/kernel'): number[] =>
  Array.from(decodeWeight(network.weights.get(key)!)!);

describe('adaRound', () => {
  test.each<[LayerFormatChoice, number]>([
    ['int4', 0.6],
    ['uint4', 0.6],
    ['int8', 0.6],
    ['ternary', 0.5],
    ['binary', 0.9],
    [{ weights: { type: 'int4', group: 'column' } }, 0.6],
    [{ weights: 'int4', values: 'static' }, 0.7],
    [{ weights: 'ternary', values: 'static' }, 0.6],
    ['static', 1],
    ['dynamic', 1],
  ])('lowers the squared error of the outputs in every draw: %j', (format, share) => {
    for (let seed = 1; seed <= 3; seed++) {
      const network = denseNetwork([32, 12], seed);
      const x = correlated(150, 32, seed);
      const quantized = quantize(network, { calibration: x, format });
      const made = adaRound(network, quantized, { calibration: x, ...few });
      expect(squaredDistance(network, made, x), `seed ${seed}`).toBeLessThan(
        share * squaredDistance(network, quantized, x),
      );
    }
  });

  test('rounds every number down or up, and keeps the scales', () => {
    const network = denseNetwork([32, 12], 4);
    const x = correlated(150, 32, 4);
    for (const format of ['int4', 'uint4', 'static', 'ternary', { weights: 'fixed8' }] as const) {
      const quantized = quantize(network, { calibration: x, format });
      const made = adaRound(network, quantized, { calibration: x, ...few });
      const { steps, codes } = gridOf(quantized.weights.get('d0/kernel')!)!;
      const after = gridOf(made.weights.get('d0/kernel')!)!;
      const most = realsIn(quantized).reduce((top, w) => Math.max(top, Math.abs(w)), 0);
      expect(after.steps).toEqual(steps);
      expect(after.codes).not.toEqual(codes);
      realsIn(made).forEach((w, i) => {
        const real = realsIn(network)[i]!;
        if (Math.abs(real) < most) expect(Math.abs(w - real)).toBeLessThan(steps[i]! * 1.0001);
      });
    }
  });

  test('learns what layers before it leave, behind the activation, and helps on samples that it has not seen', () => {
    const network = denseNetwork([32, 24, 8], 5);
    const [x, other] = [correlated(200, 32, 7), correlated(400, 32, 7)];
    const quantized = quantize(network, { calibration: x, format: 'ternary' });
    const made = adaRound(network, quantized, { calibration: x, ...few });
    expect(squaredDistance(network, made, other)).toBeLessThan(0.5 * squaredDistance(network, quantized, other));
  });

  test('learns convolutions of all kinds', () => {
    const layers = [
      new Conv2D(6, 3, { activation: 'relu', inputShape: [7, 7, 2], name: 'conv' }),
      new Conv2D(6, 3, { groups: 6, activation: 'relu', name: 'depthwise' }),
      new Conv2DTranspose(4, 2, { activation: 'leakyRelu', name: 'transposed' }),
      new Flatten(),
      new Dense(3, { activation: 'softmax', name: 'dense' }),
    ];
    const network = toNetwork(new Sequential(layers, { seed: 2 }));
    const samples = normal([60, 7, 7, 2], 3);
    const quantized = quantize(network, { calibration: samples, format: 'ternary' });
    const made = adaRound(network, quantized, { calibration: samples, steps: 100 });
    for (const layer of ['conv', 'depthwise', 'transposed', 'dense'])
      expect(realsIn(made, `${layer}/kernel`), layer).not.toEqual(realsIn(quantized, `${layer}/kernel`));
    expect(squaredDistance(network, made, samples)).toBeLessThan(squaredDistance(network, quantized, samples));
  });

  test('gives the same network for the same seed, another for another', () => {
    const network = denseNetwork([32, 12], 6);
    const x = correlated(150, 32, 6);
    const quantized = quantize(network, { calibration: x, format: 'int4' });
    const made = (seed: number): number[] => realsIn(adaRound(network, quantized, { calibration: x, seed, ...few }));
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
  });

  test('keeps what is pruned at 0', () => {
    for (const format of ['int4', 'uint4', 'ternary', 'static'] as const) {
      const network = denseNetwork([32, 12], 7);
      const kernel = network.weights.get('d0/kernel')!;
      const mask = Uint8Array.from({ length: 384 }, (_, i) => Number(i % 3 !== 0));
      kernel.encoding.values.forEach((w, i, all) => {
        all[i] = w * mask[i]!;
      });
      const pruned = new Network({
        ...network,
        weights: new Map([...network.weights, ['d0/kernel', { ...kernel, mask }]]),
      });
      const x = correlated(150, 32, 7);
      const quantized = quantize(pruned, { calibration: x, format });
      const made = adaRound(pruned, quantized, { calibration: x, steps: 100 });
      expect(made.weights.get('d0/kernel')!.mask).toEqual(mask);
      realsIn(made).forEach((w, i) => {
        if (mask[i] === 0) expect(w).toBe(0);
      });
      expect(realsIn(made)).not.toEqual(realsIn(quantized));
    }
  });

  test('learns a shared layer of all its uses', () => {
    const model = FIVE['residual with a shared layer']!();
    const samples = normal([30, 8, 8, 1], 4);
    const quantized = quantize(model, { calibration: samples, format: 'ternary' });
    const made = adaRound(model, quantized, { calibration: samples, steps: 60 });
    expect(realsIn(made, 'shared/kernel')).not.toEqual(realsIn(quantized, 'shared/kernel'));
  });

  test('keeps a rounding that it cannot better, and one without error', () => {
    const whole: Stored = { shape: [2, 1], encoding: { type: 'float32', values: Float32Array.of(7, -3) }, mask: null };
    const nodes = [
      nodeOf('dense', 'd0', ['x'], { activation: { name: 'linear' } }, { weights: { kernel: 'd0/kernel' } }),
    ];
    const inputs = [{ name: 'x', shape: [2], dtype: 'float32' }] as const;
    const network = new Network({ inputs, nodes, outputs: ['d0'], weights: new Map([['d0/kernel', whole]]) });
    const x = fromData(Float32Array.of(1, 2, 3, 4), [2, 2]);
    const quantized = quantize(network, { calibration: x, format: 'int4' });
    expect(realsIn(adaRound(network, quantized, { calibration: x, ...few }))).toEqual([7, -3]);
    const other = new Network({
      ...network,
      weights: new Map([
        ['d0/kernel', { ...whole, encoding: { type: 'float32' as const, values: Float32Array.of(7, 0.1) } }],
      ]),
    });
    const nearest = quantize(other, { calibration: x, format: 'int4' });
    expect(realsIn(adaRound(other, nearest, { calibration: x, ...few }))).toEqual([7, 0]);
  });

  test.each([
    [{ steps: 0 }, /adaRound: steps/],
    [{ batchSize: 1.5 }, /adaRound: batchSize/],
    [{ learningRate: -1 }, /adaRound: learningRate/],
    [{ seed: -1 }, /adaRound: seed/],
    [{ rounds: 3 }, /adaRound: rounds/],
  ])('refuses %j', (options, message) => {
    const network = denseNetwork([4, 2], 1);
    const x = correlated(5, 4, 1);
    const quantized = quantize(network, { calibration: x, format: 'int4' });
    expect(() => adaRound(network, quantized, { calibration: x, ...options })).toThrow(message);
  });
});
