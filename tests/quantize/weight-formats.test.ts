import { describe, expect, test } from 'vitest';
import type { Encoding, Stored } from '../../src/graph/encoding.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { fromData, ledger, quantize, repair } from '../../src/index.ts';
import { encodeWeight } from '../../src/quantize/encode.ts';
import {
  layerFormat,
  productText,
  type ValueFormat,
  WEIGHT_FORMATS,
  type WeightFormat,
  type WeightFormatName,
  weightFormat,
  weightFormatOf,
} from '../../src/quantize/formats.ts';
import { normal } from '../compress/tools.ts';
import { reals } from './correlated.ts';

const NAMES = Object.keys(WEIGHT_FORMATS) as WeightFormatName[];
const shape = [24, 6];

/** Every format, with groups that fit in and that do not. */
const FORMATS: readonly WeightFormat[] = NAMES.flatMap((type): WeightFormat[] =>
  WEIGHT_FORMATS[type].group === null
    ? [{ type }]
    : (['column', 1, 7, 8, 16] as const).map((group) => ({ type, group })),
);

describe('the format of a weight', () => {
  test.each(FORMATS)('is that which it was encoded in: $type/$group', (format) => {
    expect(weightFormatOf(encodeWeight('test', 'k', reals(shape, 3), format))).toEqual(format);
  });

  test('is none where no format holds a weight so', () => {
    const levels = encodeWeight('test', 'k', reals(shape, 3), { type: 'uint4', group: 8 }).encoding;
    const NONE: readonly Encoding[] = [
      { ...levels, bits: 2 } as Encoding,
      { type: 'float64', values: new Float64Array(144) },
      { type: 'int32', values: new Int32Array(144) },
    ];
    for (const encoding of NONE) expect(weightFormatOf({ shape, encoding, mask: null })).toBeNull();
  });

  test('that is none is not called by the name of another, but refused with its node', () => {
    const networkOf = (kernel: Stored): Network =>
      new Network({
        inputs: [{ name: 'x', shape: [4], dtype: 'float32' }],
        nodes: [nodeOf('dense', 'd', ['x'], { activation: { name: 'linear' } }, { weights: { kernel: 'd/kernel' } })],
        outputs: ['d'],
        weights: new Map([['d/kernel', kernel]]),
      });
    const real = networkOf(reals([4, 2], 1));
    const encoding: Encoding = {
      type: 'levels',
      bits: 2,
      group: 4,
      values: Uint8Array.of(27, 228),
      scales: Float32Array.of(0.1, 0.2),
      zeroPoints: Uint8Array.of(1, 2),
    };
    const quantized = networkOf({ shape: [4, 2], encoding, mask: null });
    const x = normal([8, 4], 1);
    const y = fromData(new Float32Array(16), [8, 2]);
    const wrong =
      'node "d" (dense) holds d/kernel as levels of 2 bits with zero points, which no format of weights does';
    expect(() => ledger(real, quantized, { samples: [x, y] })).toThrow(`ledger: ${wrong}`);
    expect(() => repair(real, quantized, { samples: [x, y] })).toThrow(`repair: ${wrong}`);
    expect(ledger(real, quantize(real, { format: 'ternary' }), { samples: x }).layers[0]!.format.weights.type).toBe(
      'ternary',
    );
  });
});

describe('a format of values', () => {
  const USUAL: Readonly<Record<ValueFormat, [weights: WeightFormat, text: string, other: string]>> = {
    real: [{ type: 'float32' }, 'float32', 'int4'],
    static: [{ type: 'int8', group: 'column' }, 'int8', 'int8 times int4'],
    fixed: [{ type: 'fixed8' }, 'fixed8', ''],
    dynamic: [{ type: 'int8', group: 'column' }, 'dynamic int8', 'dynamic int8 times int4'],
  };

  test.each(Object.keys(USUAL) as ValueFormat[])('has usual weights, and is named with any: %s', (values) => {
    const [weights, text, other] = USUAL[values];
    expect(layerFormat('test', 'format', { values })).toEqual({ weights, values });
    if (values !== 'real') expect(layerFormat('test', 'format', values)).toEqual({ weights, values });
    expect(productText({ weights, values })).toBe(text);
    if (other !== '') expect(productText({ weights: { type: 'int4' }, values })).toBe(other);
  });

  test('takes the weights whose numbers and scales suit it', () => {
    const taken = (values: ValueFormat): WeightFormatName[] =>
      NAMES.filter((type) => {
        try {
          return weightFormat('test', 'weights', type, values).type === type;
        } catch {
          return false;
        }
      });
    const whole = ['fixed8', 'int8', 'int4', 'ternary', 'binary'];
    expect(taken('real')).toEqual(NAMES);
    expect(taken('static')).toEqual(whole);
    expect(taken('dynamic')).toEqual(whole);
    expect(taken('fixed')).toEqual(['fixed8']);
    expect(() => layerFormat('test', 'format', 'real' as never)).toThrow('static, fixed, dynamic, one of float32');
    expect(() => weightFormat('test', 'weights', { type: 'int8', fit: 'error' }, 'real')).toThrow(
      'weights.fit must be left out: int4 and uint4 have it',
    );
  });
});
