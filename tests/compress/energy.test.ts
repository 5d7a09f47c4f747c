import { describe, expect, test } from 'vitest';
import {
  Conv2D,
  Dense,
  Flatten,
  modelledEnergy,
  prune,
  quantize,
  Random,
  Sequential,
  toNetwork,
  toSparse,
} from '../../src/index.ts';

const model = new Sequential([new Dense(8, { inputShape: [16] }), new Dense(4)], { seed: 1 });

describe('energy by the model', () => {
  test('is a sum of products, bytes of weights and bytes of values', () => {
    const { arithmetic, values, weights, total, source } = modelledEnergy(toNetwork(model));
    const macs = 16 * 8 + 8 * 4;
    const bytes = 4 * (macs + 8 + 4);
    expect(arithmetic).toBeCloseTo((macs * 4.6) / 1000, 12);
    expect(values).toBeCloseTo((4 * (16 + 8 + 4) * 2 * 1.25) / 1000, 12);
    expect(weights.dram).toBeCloseTo((bytes * 160) / 1000, 12);
    expect(weights.sram).toBeCloseTo((bytes * 1.25) / 1000, 12);
    expect(total.dram).toBeCloseTo(arithmetic + values + weights.dram, 12);
    expect(total.sram).toBeCloseTo(arithmetic + values + weights.sram, 12);
    expect(source).toMatch(/^a model, no measurement: Horowitz 2014/);
  });

  test('counts products of integers as such, static ones and dynamic ones, and no others', () => {
    const calibration = new Random(1).normal([8, 16]);
    const macs = 16 * 8 + 8 * 4;
    const of = (format: 'static' | 'dynamic' | 'int8' | 'int4'): number =>
      modelledEnergy(quantize(model, { format, ...(format === 'static' && { calibration }) })).arithmetic;
    expect(of('static')).toBeCloseTo((macs * 0.3) / 1000, 12);
    expect(of('dynamic')).toBeCloseTo((macs * 0.3) / 1000, 12);
    expect(of('int8')).toBeCloseTo((macs * 4.6) / 1000, 12);
    expect(of('int4')).toBeCloseTo((macs * 4.6) / 1000, 12);
  });

  test('reads weights in the bytes that they have, and not those that are left out', () => {
    const bytesOf = (network: Parameters<typeof modelledEnergy>[0]): number =>
      (modelledEnergy(network).weights.dram * 1000) / 160;
    const wide = new Sequential([new Dense(64, { inputShape: [64], useBias: false })], { seed: 1 });
    expect(bytesOf(quantize(wide, { format: 'float16' }))).toBeCloseTo(2 * 64 * 64, 6);
    expect(bytesOf(quantize(wide, { format: { type: 'int4', group: 'column' } }))).toBeCloseTo(
      (64 * 64) / 2 + 4 * 64,
      6,
    );
    const pruned = toNetwork(prune(wide, { sparsity: 0.75, pattern: 'panels' }));
    expect(bytesOf(toSparse(pruned, { pattern: 'panels' }))).toBeLessThan(bytesOf(pruned) / 3);
  });

  test('takes networks of any operations', () => {
    const images = new Sequential([new Conv2D(2, 3, { inputShape: [6, 6, 1] }), new Flatten(), new Dense(2)]);
    expect(modelledEnergy(toNetwork(images)).arithmetic).toBeCloseTo(((16 * 9 * 2 + 32 * 2) * 4.6) / 1000, 12);
    expect(() => modelledEnergy(model as never)).toThrow('modelledEnergy');
  });
});
