import { describe, expect, test } from 'vitest';
import { decodeWeight } from '../../src/graph/decode.ts';
import {
  Conv2DTranspose,
  Dense,
  decodeNetwork,
  dequantize,
  encodeNetwork,
  Flatten,
  fromNetwork,
  type LayerFormatChoice,
  type Network,
  predictNetwork,
  prune,
  quantize,
  Sequential,
  toNetwork,
} from '../../src/index.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { normal, smallModel, values } from '../compress/tools.ts';

const FORMATS: readonly LayerFormatChoice[] = ['static', 'fixed', 'dynamic', 'float16', 'int4', 'uint8', 'ternary'];

const isReal = (network: Network): boolean =>
  network.nodes.every(({ op, format, attrs }) => {
    const isChange = op === 'quantize' || op === 'dequantize';
    return !isChange && format === null && !('rule' in attrs) && !('dynamic' in attrs);
  }) && [...network.weights.values()].every(({ encoding }) => encoding.type === 'float32');

describe('dequantize', () => {
  test.each(Object.keys(FIVE))('gives a network of real numbers that models are made of: %s', (name) => {
    const model = trained(name);
    const [x] = tenClasses(model, 8, 5);
    const wanted = values(model.predict(x));
    const span = Math.max(...wanted) - Math.min(...wanted);
    for (const format of FORMATS) {
      const quantized = quantize(model, {
        format,
        calibration: x,
        rule: format === 'fixed' ? 'multiplier' : 'float32',
      });
      const network = dequantize(quantized);
      expect(isReal(network)).toBe(true);
      const reals = values(predictNetwork(network, x));
      // Each value of the integers is rounded once; of what reads real numbers nothing is
      const isExact = typeof format === 'string' && !['static', 'fixed', 'dynamic'].includes(format);
      const bound = isExact ? 0 : 0.1 * span + 1e-3;
      values(predictNetwork(quantized, x)).forEach((y, i) => {
        expect(Math.abs(y - reals[i]!)).toBeLessThanOrEqual(bound);
      });
      const again = fromNetwork(network);
      expect(values(again.predict(x))).toEqual(reals);
    }
  });

  test('multiplies biases by the scales of input and column, also of a transposed convolution', () => {
    const layers = [
      new Conv2DTranspose(5, 3, { inputShape: [4, 4, 3], biasInitializer: 'ones', name: 'up' }),
      new Flatten(),
      new Dense(3, { biasInitializer: 'ones', name: 'out' }),
    ];
    const x = normal([10, 4, 4, 3], 3);
    const given = toNetwork(new Sequential(layers, { seed: 1 }));
    const quantized = quantize(given, { calibration: x });
    const network = dequantize(quantized);
    for (const key of ['up', 'out']) {
      const bias = network.weights.get(`${key}/bias`)!.encoding.values;
      for (const b of bias) expect(Math.abs(b - 1)).toBeLessThan(1e-3);
      const kernel = decodeWeight(quantized.weights.get(`${key}/kernel`)!);
      expect(network.weights.get(`${key}/kernel`)!.encoding.values).toEqual(kernel);
    }
  });

  test('keeps what was pruned', () => {
    const model = prune(smallModel(), { sparsity: 0.6 });
    const mask = toNetwork(model).weights.get('dense/kernel')!.mask!;
    expect(mask.includes(0)).toBe(true);
    for (const format of ['static', 'int4', 'uint4', 'ternary', 'float16', 'fixed8'] as const) {
      const weight = dequantize(quantize(model, { format, calibration: normal([20, 5]) })).weights.get('dense/kernel')!;
      expect(weight.mask).toEqual(mask);
      mask.forEach((alive, i) => {
        if (alive === 0) expect(weight.encoding.values[i]).toBe(0);
      });
    }
  });

  test('gives what can be quantized again, to the same integers', () => {
    const x = normal([40, 5], 2);
    const once = quantize(smallModel(), { calibration: x, format: 'int8' });
    const twice = quantize(dequantize(once), { calibration: x, format: 'int8' });
    for (const [key, { encoding }] of once.weights)
      expect(twice.weights.get(key)!.encoding.values).toEqual(encoding.values);
  });

  test('leaves a real network as it is, and reads a file', () => {
    const given = toNetwork(smallModel());
    expect(dequantize(given)).toEqual(given);
    const network = quantize(given, { calibration: normal([20, 5]) });
    expect(dequantize(decodeNetwork(encodeNetwork(network)).network)).toEqual(dequantize(network));
    expect(() => dequantize(null as never)).toThrow('dequantize: the subject must be a model or a network');
  });
});
