import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chooseQParams,
  cpu,
  Dense,
  dequantizeTensor,
  fromData,
  type LayerFormatChoice,
  predictNetwork,
  type QuantizedTensor,
  quantize,
  quantizeTensor,
  Sequential,
  tensor,
  type WeightFormatName,
  WhittleError,
} from '../../src/index.ts';
import { WEIGHT_FORMATS } from '../../src/quantize/formats.ts';
import { normal, values } from '../compress/tools.ts';

const FORMATS = Object.keys(WEIGHT_FORMATS) as WeightFormatName[];

const fr = Math.fround;
const number = fc.float({ min: -1000, max: 1000, noNaN: true }).map(fr);

describe('quantizeTensor in affine int8', () => {
  test('of its range gives the bits of the kernels, no number farther than half a step', () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 40 }), (numbers) => {
        const x = fromData(Float32Array.from(numbers));
        const q = quantizeTensor(x, 'affine');
        if (q.encoding.type !== 'affine') throw new Error('is not affine');
        const { scale, zeroPoint } = chooseQParams(Math.min(...numbers), Math.max(...numbers));
        const wanted = new Int8Array(numbers.length);
        cpu.quantize(numbers.length, Float32Array.from(numbers), scale, zeroPoint, wanted);
        expect(q.encoding).toEqual({
          type: 'affine',
          values: wanted,
          scales: Float32Array.of(scale),
          zeroPoints: Int8Array.of(zeroPoint),
          axis: null,
        });
        const reals = new Float32Array(numbers.length);
        cpu.dequantize(numbers.length, wanted, scale, zeroPoint, reals);
        expect(values(dequantizeTensor(q))).toEqual([...reals]);
        reals.forEach((y, i) => {
          expect(Math.abs(y - numbers[i]!)).toBeLessThanOrEqual((scale / 2) * (1 + 2 ** -12));
        });
      }),
    );
  });

  test.each([0, 1, 2, -1])('along axis %d gives each index the format of its own numbers', (axis) => {
    const shape = [3, 4, 5];
    const x = normal(shape, 7);
    const q = quantizeTensor(x, 'affine', { axis });
    if (q.encoding.type !== 'affine') throw new Error('is not affine');
    const own = axis < 0 ? axis + 3 : axis;
    expect(q.encoding.scales.length).toBe(shape[own]);
    const indexOf = (i: number): number => [Math.floor(i / 20), Math.floor(i / 5) % 4, i % 5][own]!;
    for (let c = 0; c < shape[own]!; c++) {
      const part = values(x).filter((_, i) => indexOf(i) === c);
      const alone = quantizeTensor(fromData(Float32Array.from(part)), 'affine');
      if (alone.encoding.type !== 'affine') throw new Error('is not affine');
      expect([...q.encoding.values].filter((_, i) => indexOf(i) === c)).toEqual([...alone.encoding.values]);
      expect(values(dequantizeTensor(q)).filter((_, i) => indexOf(i) === c)).toEqual(values(dequantizeTensor(alone)));
    }
  });

  test('with params cuts off what they do not hold, ties to even', () => {
    const x = tensor([-100, 0.5, 1.5, 2.5, -0.5, 300]);
    const q = quantizeTensor(x, 'affine', { params: { scale: 1, zeroPoint: 3 } });
    expect([...q.encoding.values]).toEqual([-97, 3, 5, 5, 3, 127]);
    expect(values(dequantizeTensor(q))).toEqual([-100, 0, 2, 2, 0, 124]);
  });

  test('takes an empty tensor, and a scalar', () => {
    expect(
      dequantizeTensor(quantizeTensor(fromData(new Float32Array(0), [0, 3]), 'affine', { axis: 1 })).shape,
    ).toEqual([0, 3]);
    expect(values(dequantizeTensor(quantizeTensor(fromData(Float32Array.of(3), []), 'affine')))).toEqual([3]);
  });
});

describe('quantizeTensor in formats of weights', () => {
  const x = normal([9, 4], 3);

  test.each<[WeightFormatName, number]>([
    ['float32', 0],
    ['float16', 2 ** -11],
    ['bfloat16', 2 ** -8],
    ['fixed16', 1e-4],
    ['fixed8', 0.02],
    ['int8', 0.02],
    ['uint8', 0.02],
    ['int4', 0.25],
    ['uint4', 0.25],
    ['ternary', 3],
    ['binary', 3],
  ])('%s', (format, bound) => {
    const q = quantizeTensor(x, format);
    expect(q.shape).toEqual([9, 4]);
    values(dequantizeTensor(q)).forEach((y, i) => {
      expect(Math.abs(y - x.data[i]!)).toBeLessThanOrEqual(bound * Math.max(1, Math.abs(x.data[i]!)));
    });
    // What a format has is left as it is
    if (format !== 'ternary' && format !== 'uint4' && format !== 'uint8')
      expect(values(dequantizeTensor(quantizeTensor(dequantizeTensor(q), format)))).toEqual(
        values(dequantizeTensor(q)),
      );
  });

  test.each(FORMATS)('%s moves no group of zeros, nor of numbers next to nothing', (type) => {
    const numbersOf = fc.array(number, { minLength: 24, maxLength: 24 });
    const tiny = fc.constantFrom(0, 2 ** -149, 2 ** -120, -(2 ** -101));
    const groups = WEIGHT_FORMATS[type].group === null ? [undefined] : ([1, 4, 'column'] as const);
    fc.assert(
      fc.property(numbersOf, tiny, fc.constantFrom(...groups), (numbers, least, group) => {
        const t = fromData(Float32Array.from(numbers), [8, 3]);
        const isTiny = (i: number): boolean => i % 3 === 1 || (Math.floor(i / 12) === 1 && i % 3 === 2);
        for (let i = 0; i < 24; i++) if (isTiny(i)) t.storage.array[i] = least;
        const y = values(dequantizeTensor(quantizeTensor(t, group === undefined ? type : { type, group })));
        y.forEach((each, i) => {
          if (i % 3 === 1 || (group === 4 && isTiny(i))) expect(Math.abs(each - least)).toBeLessThan(2 ** -99);
        });
      }),
      { numRuns: 50 },
    );
  });

  test.each<LayerFormatChoice>([
    'binary',
    'ternary',
    { weights: 'binary', values: 'static' },
    { weights: 'ternary', values: 'dynamic' },
  ])('a unit that is dead stays so: %j', (format) => {
    const model = new Sequential([new Dense(3, { inputShape: [5] }), new Dense(2)], { seed: 3 });
    const { storage } = model.layer('dense_1').parameter('kernel').value;
    for (let i = 0; i < 3; i++) storage.array[2 * i] = 0;
    const calibration = normal([20, 5], 3);
    const y = values(predictNetwork(quantize(model, { format, calibration }), calibration));
    expect(Math.max(...y.map((each, i) => (i % 2 === 0 ? Math.abs(each) : 0)))).toBeLessThan(1e-20);
    expect(Math.max(...y)).toBeGreaterThan(0.1);
  });

  test('in groups, fitted to their squared error, come nearer than over their range, never farther', () => {
    for (const type of ['int4', 'uint4'] as const)
      for (const group of [4, 32, 'column'] as const)
        fc.assert(
          fc.property(fc.array(number, { minLength: 12, maxLength: 60 }), (numbers) => {
            const t = fromData(Float32Array.from(numbers.slice(0, 3 * Math.floor(numbers.length / 3))), [
              Math.floor(numbers.length / 3),
              3,
            ]);
            const errorOf = (fit: 'range' | 'error'): number =>
              values(dequantizeTensor(quantizeTensor(t, { type, group, fit }))).reduce(
                (sum, y, i) => sum + (y - t.data[i]!) ** 2,
                0,
              );
            expect(errorOf('error')).toBeLessThanOrEqual(errorOf('range') * (1 + 1e-6) + 1e-6);
          }),
          { numRuns: 30 },
        );
    const errors = (['range', 'error'] as const).map((fit) => {
      const t = normal([256, 8], 5);
      const y = values(dequantizeTensor(quantizeTensor(t, { type: 'int4', group: 'column', fit })));
      return y.reduce((sum, each, i) => sum + (each - t.data[i]!) ** 2, 0);
    });
    expect(errors[1]! / errors[0]!).toBeLessThan(0.9);
  });
});

describe('dequantizeTensor refuses', () => {
  const x = normal([4, 6], 3);
  const changed = (format: WeightFormatName | 'affine', change: object): QuantizedTensor => {
    const { shape, encoding } = quantizeTensor(x, format);
    return { shape, encoding: { ...encoding, ...change } as never };
  };
  const channels = quantizeTensor(x, 'affine', { axis: 1 });
  const ofChannels = (change: object): QuantizedTensor =>
    ({ shape: channels.shape, encoding: { ...channels.encoding, ...change } }) as never;

  test.each<[string, QuantizedTensor, string]>([
    [
      'scales that were cut',
      changed('int8', { scales: new Float32Array(5).fill(1) }),
      'weight "q" scales length must be 6',
    ],
    ['numbers that were cut', changed('int8', { values: new Int8Array(23) }), 'weight "q" values length must be 24'],
    ['codes that were cut', changed('int4', { values: new Uint8Array(11) }), 'weight "q" values length must be 12'],
    [
      'a scale of NaN',
      changed('int4', { scales: new Float32Array(6).fill(Number.NaN) }),
      'weight "q" scales[0] must be',
    ],
    ['a group of 0', changed('int4', { group: 0 }), 'weight "q" group must be an integer from 1 to 4, got 0'],
    ['three bits', changed('int4', { bits: 3 }), 'weight "q" bits must be 1, 2, 4 or 8, got 3'],
    ['zero points that are missing', changed('uint4', { zeroPoints: undefined }), 'weight "q" zeroPoints must be'],
    ['halves in int8', changed('float16', { values: new Int8Array(24) }), 'weight "q" values must be a Uint16Array'],
    ['a fraction that is none', changed('fixed8', { fraction: 1.5 }), 'weight "q" fraction must be an integer'],
    ['a type that is none', changed('int8', { type: 'int7' }), 'weight "q" encoding must be one of float32'],
    ['one that objects have', changed('int8', { type: 'toString' }), 'weight "q" encoding must be one of float32'],
    ['another shape', { ...changed('int8', {}), shape: [4, 5] }, 'weight "q" values length must be 20'],
    [
      'a shape that is none',
      { ...changed('int8', {}), shape: [4, -6] },
      'dimension 1 must be an integer of at least 0',
    ],
    ['no shape', { encoding: changed('int8', {}).encoding } as never, 'q must be what quantizeTensor gives'],
    ['a text for a shape', { ...changed('affine', {}), shape: '46' as never }, 'q must be what quantizeTensor gives'],
    ['affine: numbers that were cut', changed('affine', { values: new Int8Array(23) }), 'q values length must be 24'],
    ['affine: bytes without a sign', changed('affine', { values: new Uint8Array(24) }), 'q values must be a Int8Array'],
    [
      'affine: two scales of one',
      changed('affine', { scales: new Float32Array(2).fill(1) }),
      'q scales length must be 1',
    ],
    [
      'affine: an infinite scale',
      changed('affine', { scales: Float32Array.of(Infinity) }),
      'q scales[0] must be positive',
    ],
    ['affine: no zero point', changed('affine', { zeroPoints: new Int8Array(0) }), 'q zeroPoints length must be 1'],
    [
      'affine: an axis beyond the last',
      ofChannels({ axis: 9 }),
      'q axis must be null or an axis of shape [4, 6], got 9',
    ],
    [
      'affine: an axis from the end',
      ofChannels({ axis: -1 }),
      'q axis must be null or an axis of shape [4, 6], got -1',
    ],
    ['affine: another axis', ofChannels({ axis: 0 }), 'q scales length must be 4 for shape [4, 6], got 6'],
    ['affine: no axis', ofChannels({ axis: undefined }), 'q axis must be null or an axis'],
  ])('%s', (_, q, message) => {
    expect(() => dequantizeTensor(q)).toThrow(WhittleError);
    expect(() => dequantizeTensor(q)).toThrow(/^dequantizeTensor: /);
    expect(() => dequantizeTensor(q)).toThrow(message);
  });

  test('nothing that quantizeTensor gives: a scalar, an empty tensor, all formats', () => {
    for (const format of [...FORMATS, 'affine'] as const)
      for (const shape of [[], [0, 3], [3, 0], [1], [7], [2, 3, 5]]) {
        const { shape: own } = dequantizeTensor(quantizeTensor(normal(shape, 3), format));
        expect(own, format).toEqual(shape);
      }
  });
});

describe('refused is', () => {
  const x = normal([2, 3]);
  test.each<[string, () => unknown, string]>([
    [
      'NaN',
      () => quantizeTensor(tensor([1, Number.NaN]), 'affine'),
      'quantizeTensor: the numbers of x must be finite, got NaN',
    ],
    ['infinity', () => quantizeTensor(tensor([1, Infinity]), 'int8'), 'the numbers of x must be finite, got Infinity'],
    [
      'an axis that is none',
      () => quantizeTensor(x, 'affine', { axis: 2 }),
      'quantizeTensor: axis 2 is out of range for rank 2',
    ],
    [
      'integers',
      () => quantizeTensor(fromData(Int32Array.of(1)), 'affine'),
      'quantizeTensor: needs float32 numbers, got int32',
    ],
    ['no tensor', () => quantizeTensor([1] as never, 'affine'), 'quantizeTensor: x must be a tensor'],
    [
      'a format that is none',
      () => quantizeTensor(x, 'int3' as never),
      'quantizeTensor: format must be one of float32',
    ],
    [
      'an axis of a format of weights',
      () => quantizeTensor(x, 'int8', { axis: 0 }),
      'axis must be left out: of "affine" alone',
    ],
    [
      'an axis beside params',
      () => quantizeTensor(x, 'affine', { axis: 0, params: { scale: 1, zeroPoint: 0 } }),
      'axis must be left out',
    ],
    [
      'a scale of 0',
      () => quantizeTensor(x, 'affine', { params: { scale: 0, zeroPoint: 0 } }),
      'params.scale must be positive',
    ],
    [
      'a zero point of a byte',
      () => quantizeTensor(x, 'affine', { params: { scale: 1, zeroPoint: 200 } }),
      'params.zeroPoint must be an integer from -128 to 127',
    ],
    [
      'what no one quantized',
      () => dequantizeTensor(x as never),
      'dequantizeTensor: q must be what quantizeTensor gives',
    ],
    [
      'a bias of integers',
      () => dequantizeTensor({ shape: [1], encoding: { type: 'int32', values: new Int32Array(1) } }),
      'dequantizeTensor: q must be what quantizeTensor gives',
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
