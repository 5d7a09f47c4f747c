import { describe, expect, test } from 'vitest';
import {
  BatchNorm,
  Dense,
  Embedding,
  encodeNetwork,
  Flatten,
  fromData,
  observeRanges,
  predictNetwork,
  quantize,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { FIVE } from '../compress/five-networks.ts';
import { normal, smallModel, values } from '../compress/tools.ts';

const ends = (numbers: readonly number[]): { low: number; high: number } => ({
  low: Math.min(0, ...numbers),
  high: Math.max(0, ...numbers),
});

/** Every value of a network, each made its only output. */
function plain(model: Sequential, x: Tensor): [name: string, numbers: number[]][] {
  const network = toNetwork(model);
  return network.nodes.map(({ name }, at) => {
    const nodes = network.nodes.slice(0, at + 1);
    const keys = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
    const weights = new Map([...network.weights].filter(([key]) => keys.has(key)));
    return [name, values(predictNetwork({ ...network, nodes, weights, outputs: [name] }, x))];
  });
}

describe('observeRanges', () => {
  const x = normal([50, 5], 3);

  test('finds the least and the largest number of each value, and 0', () => {
    const ranges = observeRanges(smallModel(), x, { ranges: 'minMax' });
    const wanted = plain(smallModel(), x).map(([name, numbers]) => [name, ends(numbers)] as const);
    expect(ranges.delete('dense_1/sums')).toBe(true); // before its tanh
    expect([...ranges]).toEqual([['input', ends(values(x))], ...wanted]);
  });

  test('and of each channel, if asked', () => {
    const ranges = observeRanges(smallModel(), x, { ranges: 'minMax', perChannel: true });
    for (const [name, numbers] of plain(smallModel(), x)) {
      const channels = ranges.get(name)!;
      const own = channels.map((_, c) => ends(numbers.filter((_, i) => i % channels.length === c)));
      expect(channels).toEqual(own);
    }
    expect(ranges.get('input')).toHaveLength(5);
  });

  test('sees more channels than one run does, with the ranges of each by itself', () => {
    const model = new Sequential([new Dense(300, { inputShape: [5] })], { seed: 2 });
    const all = observeRanges(model, x, { ranges: 'histogram', perChannel: true }).get('dense')!;
    expect(all).toHaveLength(300);
    const y = values(model.predict(x));
    for (const c of [0, 255, 256, 299]) {
      const one = new Sequential([new Flatten({ inputShape: [1] })]);
      const column = fromData(
        Float32Array.from({ length: 50 }, (_, i) => y[i * 300 + c]!),
        [50, 1],
      );
      expect(all[c]).toEqual(observeRanges(one, column, { ranges: 'histogram' }).get('flatten'));
    }
  });

  test('reads what int8 values stand for, and passes over whole numbers that name rows', () => {
    const network = quantize(smallModel(), { calibration: x });
    const ranges = observeRanges(network, x, { ranges: 'minMax' });
    for (const { name, format } of network.nodes) {
      const { low, high } = ranges.get(name)!;
      if (format === null) continue;
      expect(low).toBeGreaterThanOrEqual(Math.fround(format.scale * (-128 - format.zeroPoint)));
      expect(high).toBeLessThanOrEqual(Math.fround(format.scale * (127 - format.zeroPoint)));
    }
    const words = new Sequential([new Embedding(4, 2, { inputShape: [3] }), new Flatten()]);
    const found = observeRanges(words, fromData(Int32Array.of(0, 1, 2, 3, 0, 1), [2, 3]));
    expect([...found.keys()]).toEqual(['embedding', 'flatten']);
  });

  test('works on the five networks', () => {
    for (const make of Object.values(FIVE)) {
      const model = make();
      const samples = normal([5, ...model.inputShapes[0]!], 1);
      const network = quantize(model, { ranges: observeRanges(model, samples) });
      expect(network.notes).toEqual([]);
      expect(network.nodes.some(({ format }) => format !== null)).toBe(true);
    }
  });

  test('gives quantize the sums before activations too, in fixed point and by the rule of whole numbers', () => {
    const activations = [
      'tanh',
      'sigmoid',
      'gelu',
      'silu',
      'softmax',
      'relu',
      { name: 'leakyRelu', alpha: 0.1 },
    ] as const;
    for (const activation of activations) {
      const model = new Sequential(
        [new Dense(6, { inputShape: [5], activation }), new BatchNorm(), new Dense(7, { activation }), new Dense(3)],
        { seed: 4 },
      );
      for (const options of [{ format: 'fixed' }, { rule: 'multiplier' }] as const) {
        const ranges = observeRanges(model, x, { ranges: 'minMax' });
        const known = quantize(model, { ...options, ranges });
        const seen = quantize(model, { ...options, ranges: 'minMax', calibration: x });
        expect(encodeNetwork(known)).toEqual(encodeNetwork(seen));
        const hasSums = activation !== 'relu';
        expect(ranges.has('dense/sums')).toBe(hasSums);
        if (!hasSums) continue;
        ranges.delete('dense_1/sums');
        expect(() => quantize(model, { ...options, ranges })).toThrow(
          'quantize: calibration must be given: ranges hold none of "dense_1/sums"',
        );
      }
    }
  });

  test('calls sums otherwise where a value has their name', () => {
    const a = new Dense(4, { inputShape: [5], activation: 'tanh', name: 'a' });
    const model = new Sequential([a, new Flatten({ name: 'a/sums' }), new Dense(2)], { seed: 4 });
    const ranges = observeRanges(model, x, { ranges: 'minMax' });
    expect([...ranges.keys()]).toEqual(['input', 'a/sums_1', 'a', 'a/sums', 'dense']);
    const seen = quantize(model, { format: 'fixed', ranges: 'minMax', calibration: x });
    expect(encodeNetwork(quantize(model, { format: 'fixed', ranges }))).toEqual(encodeNetwork(seen));
  });

  test('refuses what it cannot see', () => {
    const on =
      (samples: Tensor, options = {}, model = smallModel()) =>
      () =>
        observeRanges(model, samples, options);
    expect(on(fromData(Float32Array.of(1, 2, Number.NaN, 4, 5), [1, 5]))).toThrow(
      'observeRanges: the numbers of "input" must be finite, got NaN',
    );
    expect(on(normal([0, 5]))).toThrow('observeRanges: inputs must have the same number of samples, at least one');
    expect(on(x, { ranges: 'most' })).toThrow('observeRanges: ranges must be one of auto');
    expect(on(x, { perChannel: 1 })).toThrow('observeRanges: perChannel must be true or false');
    expect(on(x, {}, smallModel(1, 'float64'))).toThrow('observeRanges: needs a float32 model');
  });
});
