import { describe, expect, test } from 'vitest';
import type { Stored } from '../../src/graph/encoding.ts';
import { Network } from '../../src/graph/network.ts';
import {
  adaRound,
  Conv2D,
  Conv2DTranspose,
  correctBias,
  Dense,
  equalize,
  Flatten,
  fromData,
  gptq,
  input,
  Model,
  predictNetwork,
  quantize,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { FIVE } from '../compress/five-networks.ts';
import { normal, values } from '../compress/tools.ts';
import { correlated, denseNetwork, squaredDistance } from './correlated.ts';

const x = correlated(200, 24, 1);

/** The mean of each output over samples. */
function means(network: Network, samples: Tensor): number[] {
  const outputs = predictNetwork(network, samples);
  const { shape } = outputs;
  const data = values(outputs);
  const units = shape.at(-1)!;
  return Array.from(
    { length: units },
    (_, j) => data.reduce((sum, y, i) => (i % units === j ? sum + y : sum), 0) / shape[0]!,
  );
}
const farthest = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, y, i) => Math.max(most, Math.abs(y - b[i]!)), 0);

/** The network with biases of its first layer shifted by so much, as a bad rounding would. */
function shifted(network: Network, by: number): Network {
  const weights = new Map(network.weights);
  const bias = weights.get('d0/bias')!;
  const { encoding } = bias;
  const unit = encoding.type === 'int32' ? 1000 : 1;
  const values = encoding.values.slice().map((b) => b + unit * by);
  weights.set('d0/bias', { ...bias, encoding: { ...encoding, values } as Stored['encoding'] });
  return new Network({ ...network, weights });
}

describe('correctBias', () => {
  test.each([
    ['ternary', { format: 'ternary' }],
    ['int4', { format: 'int4' }],
    ['static', {}],
    ['static ternary', { format: { weights: 'ternary', values: 'static' } }],
    ['fixed', { format: 'fixed' }],
    ['dynamic', { format: 'dynamic' }],
  ] as const)('makes the means of outputs those of the real network: %s', (_, options) => {
    for (const biases of [true, false]) {
      const network = denseNetwork([24, 16, 8], 3, biases);
      const quantized = quantize(network, { calibration: x, ...options });
      const wanted = means(network, x);
      const before = farthest(means(quantized, x), wanted);
      const corrected = correctBias(network, quantized, { calibration: x });
      // A whole bias has steps of the scales of input and kernel, of which half is lost
      expect(farthest(means(corrected, x), wanted), `biases: ${biases}`).toBeLessThan(Math.max(before / 20, 1e-3));
      expect(squaredDistance(network, corrected, x)).toBeLessThan(squaredDistance(network, quantized, x));
    }
  });

  test.each(['static', 'int4', 'dynamic'] as const)('takes back a shift that was planted: %s', (format) => {
    const network = denseNetwork([24, 16, 8], 4);
    const quantized = quantize(network, { calibration: x, format });
    const far = shifted(quantized, 3);
    const corrected = correctBias(network, far, { calibration: x });
    const near = correctBias(network, quantized, { calibration: x });
    expect(corrected.weights.get('d0/bias')!.encoding.values.length).toBe(16);
    expect(farthest(means(corrected, x), means(network, x))).toBeLessThan(0.02);
    expect(farthest(means(far, x), means(network, x))).toBeGreaterThan(0.2);
    expect(squaredDistance(near, corrected, x)).toBeLessThan(0.01 * squaredDistance(quantized, far, x));
  });

  test('corrects convolutions of all kinds, by the means over positions', () => {
    const layers = [
      new Conv2D(6, 3, { activation: 'relu', inputShape: [7, 7, 2], useBias: false }),
      new Conv2D(6, 3, { groups: 6, activation: 'relu' }),
      new Conv2DTranspose(4, 2, { activation: 'relu' }),
      new Flatten(),
      new Dense(3),
    ];
    const network = toNetwork(new Sequential(layers, { seed: 2 }));
    const samples = normal([60, 7, 7, 2], 3);
    for (const format of ['ternary', 'int4'] as const) {
      const quantized = quantize(network, { calibration: samples, format });
      const corrected = correctBias(network, quantized, { calibration: samples });
      expect(farthest(means(corrected, samples), means(network, samples))).toBeLessThan(1e-3);
      expect(corrected.nodes.filter(({ op, weights }) => op === 'conv' && weights.bias !== undefined)).toHaveLength(2);
    }
  });

  test('corrects what features of different size were scaled for', () => {
    const uneven = fromData(
      Float32Array.from(x.data, (v, i) => v * (i % 24 < 4 ? 1000 : 1)),
      x.shape,
    );
    const network = denseNetwork([24, 16, 8], 5);
    const quantized = quantize(network, { calibration: uneven, format: { weights: 'ternary', values: 'static' } });
    expect(quantized.nodes.map(({ name }) => name)).toContain('x/scaled');
    for (const done of [correctBias, gptq, adaRound]) {
      const after = done(network, quantized, { calibration: uneven });
      expect(squaredDistance(network, after, uneven)).toBeLessThan(squaredDistance(network, quantized, uneven));
    }
  });

  test('gives a layer that is used twice one bias, and what is pruned of one stays 0', () => {
    const model = FIVE['residual with a shared layer']!();
    const samples = normal([20, 8, 8, 1], 2);
    const quantized = quantize(model, { calibration: samples, format: 'ternary' });
    const corrected = correctBias(model, quantized, { calibration: samples });
    expect(squaredDistance(toNetwork(model), corrected, samples)).toBeLessThan(
      squaredDistance(toNetwork(model), quantized, samples),
    );
    const network = denseNetwork([24, 16, 8], 6);
    const bias = network.weights.get('d0/bias')!;
    bias.encoding.values[2] = 0;
    const mask = new Uint8Array(16).fill(1);
    mask[2] = 0;
    const pruned = new Network({ ...network, weights: new Map([...network.weights, ['d0/bias', { ...bias, mask }]]) });
    for (const format of ['static', 'ternary'] as const) {
      const own = correctBias(pruned, quantize(pruned, { calibration: x, format }), { calibration: x });
      const { encoding, mask: kept } = own.weights.get('d0/bias')!;
      expect([encoding.values[2], kept?.[2]]).toEqual([0, 0]);
    }
  });

  test('leaves the network that it is given as it is, and says anew how far the answers are', () => {
    const network = denseNetwork([24, 16, 8], 7);
    const quantized = quantize(network, { calibration: x, format: 'ternary' });
    const before = predictNetwork(quantized, x).data.slice();
    const far = shifted(quantized, 4);
    const corrected = correctBias(network, far, { calibration: x });
    expect(predictNetwork(quantized, x).data).toEqual(before);
    expect(quantized.notes.join()).toMatch(/of its spread away from float32/);
    const left = Number(/is ([\d.]+) %/.exec(corrected.notes.join())?.[1] ?? 0);
    expect(left).toBeLessThan(Number(/is ([\d.]+) %/.exec(quantized.notes.join())![1]));
  });
});

const AFTER = [
  ['correctBias', correctBias],
  ['adaRound', adaRound],
  ['gptq', gptq],
] as const;

describe('what is done after quantization', () => {
  const network = denseNetwork([24, 16, 8], 8);
  const quantized = quantize(network, { calibration: x, format: 'int4' });

  test.each(AFTER)('refuses a network of another subject: %s', (_, done) => {
    const renamed = new Network({
      ...network,
      nodes: network.nodes.map((node, i) => (i === 1 ? { ...node, name: 'other' } : node)),
      outputs: ['other'],
    });
    expect(() => done(renamed, quantized, { calibration: x })).toThrow(
      `${done.name}: the subject has no layer "d1" with a kernel [16, 8], which the quantized network has: pass the model or network that it was made of`,
    );
    expect(() => done(denseNetwork([24, 12, 8], 1), quantized, { calibration: x })).toThrow(/no layer "d0"/);
    expect(() => done(quantized, quantized, { calibration: x })).toThrow(
      /d0\/kernel of the subject is int4: give the real model or network first/,
    );
    expect(() => done(network, {} as never, { calibration: x })).toThrow(done.name);
    expect(() => done(quantized, { calibration: x } as never)).toThrow(
      `${done.name}: d0/kernel of the subject is int4: give the real model or network first, then what was made of it`,
    );
    expect(() => done(network, { calibration: x } as never)).toThrow(
      `${done.name}: the quantized network must be a network, as quantize makes it of the subject, got { calibration }`,
    );
    expect(() => done(network, quantized)).toThrow(`${done.name}: calibration must be a tensor`);
  });

  test.each(AFTER)('refuses samples that do not fit, and options that it has not: %s', (_, done) => {
    expect(() => done(network, quantized, undefined as never)).toThrow(done.name);
    expect(() => done(network, quantized, { calibration: normal([4, 23]) })).toThrow(done.name);
    expect(() => done(network, quantized, { calibration: normal([0, 24]) })).toThrow(done.name);
    expect(() => done(network, quantized, { calibration: x, rate: 1 } as never)).toThrow(/rate/);
  });

  test('goes on from each other, and from an equalized network', () => {
    const even = equalize(network);
    const made = quantize(even, { calibration: x, format: 'ternary' });
    const after = correctBias(even, gptq(even, made, { calibration: x }), { calibration: x });
    expect(squaredDistance(network, after, x)).toBeLessThan(squaredDistance(network, made, x) / 2);
  });

  test('takes float16 weights for the numbers that they are, and leaves them', () => {
    const halves = quantize(network, { format: 'float16' });
    for (const done of [adaRound, gptq]) {
      const again = done(network, halves, { calibration: x });
      expect([...again.weights]).toEqual([...halves.weights]);
    }
    const four = quantize(halves, { format: 'int4' });
    expect(gptq(halves, four, { calibration: x })).toBeInstanceOf(Network);
  });

  test('knows what the outputs of a compiled model mean', () => {
    const y = input([24]);
    const model = new Model(y, new Dense(3, { activation: 'softmax' }).apply(y), { seed: 1 });
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const made = quantize(model, { calibration: x });
    expect(correctBias(model, made, { calibration: x }).meaning).toEqual(made.meaning);
  });
});
