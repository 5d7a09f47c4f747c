import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../kernels/kernels.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { DTypeError, ShapeError, ValueError } from '../../src/base/errors.ts';
import { ACTIVATIONS, type ActivationSpec, compileNetwork, type QuantizationParams } from '../../src/infer/index.ts';
import {
  chain,
  dense,
  floats,
  mixedNetwork,
  type NetworkLayer,
  type QuantizedDenseLayer,
  quantized,
  randoms,
} from './networks.ts';

/** erf by its Taylor series, in float64: good to 1e-12 for |x| < 4. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const logSumExp = (row: number[]): number => Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));

/** Each activation on one row, as its textbook formula in float64. */
function activate(row: number[], { name, alpha }: ActivationSpec): number[] {
  const formulas: Record<string, (x: number) => number> = {
    linear: (x) => x,
    relu: (x) => Math.max(x, 0),
    leakyRelu: (x) => (x < 0 ? (alpha ?? 0.2) * x : x),
    elu: (x) => (x < 0 ? (alpha ?? 1) * Math.expm1(x) : x),
    gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    geluTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    tanh: Math.tanh,
    softplus: (x) => Math.log1p(Math.exp(x)),
    silu: (x) => x / (1 + Math.exp(-x)),
    relu6: (x) => Math.min(Math.max(x, 0), 6),
    hardSwish: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
    exponential: Math.exp,
    softmax: (x) => Math.exp(x - logSumExp(row)),
    logSoftmax: (x) => x - logSumExp(row),
  };
  return row.map(formulas[name]!);
}

function naiveDense(
  row: number[],
  layer: { units: number; weights: ArrayLike<number>; bias: ArrayLike<number> },
): number[] {
  const { units, weights, bias } = layer;
  return Array.from({ length: units }, (_, j) =>
    row.reduce((sum, x, i) => sum + x * weights[i * units + j]!, bias[j]!),
  );
}

function expectClose(got: Float32Array, wanted: number[]): void {
  expect(got.length).toBe(wanted.length);
  wanted.forEach((w, i) => {
    expect(Math.abs(got[i]! - w)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(w)));
  });
}

const rows = (data: Float32Array, width: number): number[][] =>
  Array.from({ length: data.length / width }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);

const activations: ActivationSpec[] = [
  ...ACTIVATIONS.map((name) => ({ name })),
  { name: 'leakyRelu', alpha: 0.01 },
  { name: 'elu', alpha: 0.5 },
];

describe('a float32 program', () => {
  test.each(activations)('computes dense with $name ($alpha) as float64 does', (activation) => {
    const next = randoms(3);
    const [layer, input] = [dense('d', 7, 5, next, activation), floats(4 * 7, next, 2)];
    const output = compileNetwork(chain([7], [layer]), 4, reference).run(input);
    const bias = layer.bias!;
    expectClose(
      output,
      rows(input, 7).flatMap((row) => activate(naiveDense(row, { ...layer, bias }), activation)),
    );
  });

  test.each(activations)('computes $name ($alpha) as a layer of its own without touching its input', (activation) => {
    const input = floats(6 * 5, randoms(4), 4);
    const before = input.slice();
    const layer: NetworkLayer = { type: 'activation', name: 'a', activation };
    const output = compileNetwork(chain([2, 5], [layer]), 3, reference).run(input);
    expectClose(
      output,
      rows(before, 5).flatMap((row) => activate(row, activation)),
    );
    expect(input).toEqual(before);
  });

  test('chains layers, acts on the last axis of deeper samples, and works without a bias', () => {
    const next = randoms(5);
    const one = { ...dense('one', 4, 6, next, { name: 'relu' }), bias: null };
    const two = dense('two', 18, 2, next, { name: 'softmax' });
    const layers: NetworkLayer[] = [
      one,
      { type: 'flatten', name: 'f' },
      { type: 'dropout', name: 'o', rate: 0.5 },
      two,
    ];
    const program = compileNetwork(chain([3, 4], layers), 2, reference);
    expect(program.outputShape).toEqual([2]);
    const input = floats(2 * 12, next);
    const hidden = rows(input, 4).flatMap((row) =>
      activate(naiveDense(row, { ...one, bias: new Float32Array(6) }), { name: 'relu' }),
    );
    const wanted = rows(Float32Array.from(hidden), 18).flatMap((row) =>
      activate(naiveDense(row, { ...two, bias: two.bias! }), { name: 'softmax' }),
    );
    expectClose(program.run(input), wanted);
  });

  test('gives the same numbers for a batch smaller than compiled, and reuses its output', () => {
    const program = compileNetwork(mixedNetwork(), 5, reference);
    const input = floats(5 * 6, randoms(6));
    const full = program.run(input).slice();
    expect(full.length).toBe(5 * 4);
    for (const samples of [0, 1, 3, 5]) {
      expect(program.run(input, samples)).toEqual(full.subarray(0, samples * 4));
      expect(program.run(input.subarray(0, samples * 6))).toEqual(full.subarray(0, samples * 4));
    }
    expect(program.run(input)).toBe(program.run(input));
  });

  test('copies its input when no layer computes', () => {
    const program = compileNetwork(chain([2, 2], [{ type: 'flatten', name: 'f' }]), 2, reference);
    const input = Float32Array.of(1, 2, 3, 4);
    const output = program.run(input);
    expect([...output]).toEqual([1, 2, 3, 4]);
    expect(output.buffer).not.toBe(input.buffer);
    expect(program.outputShape).toEqual([4]);
  });

  test('runs sizes of zero', () => {
    const next = randoms(7);
    const layers = [dense('a', 3, 0, next), dense('b', 0, 2, next)];
    const output = compileNetwork(chain([3], layers), 2, reference).run(floats(6, next));
    expect([...output]).toEqual([...layers[1]!.bias!, ...layers[1]!.bias!]);
  });

  test('refuses float64 weights, wrong batch sizes and wrong inputs', () => {
    const next = randoms(8);
    const layer = dense('d', 3, 2, next);
    const double = { ...layer, weights: new Float64Array(6), bias: null };
    expect(() => compileNetwork(chain([3], [double]), 1, reference)).toThrow(DTypeError);
    const network = chain([3], [layer]);
    for (const batch of [0, -1, 1.5, Number.NaN]) {
      expect(() => compileNetwork(network, batch, reference)).toThrow(ValueError);
    }
    const program = compileNetwork(network, 2, reference);
    expect(() => program.run(floats(5, next))).toThrow(ShapeError);
    expect(() => program.run(floats(9, next))).toThrow('run: samples must be an integer from 0 to the compiled batch');
    expect(() => program.run(floats(3, next), 2)).toThrow('3 numbers are less than 2 samples');
    expect(() => program.run(floats(6, next), 0.5)).toThrow(ValueError);
  });
});

// An integer simulation of its own: whole numbers held in float64, exact rounding, zero points subtracted the slow way.
const halfEven = (x: number): number => {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
};
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const quantizeOne = (x: number, { scale, zeroPoint }: QuantizationParams): number =>
  clamp(halfEven(Math.fround(x / Math.fround(scale))) + zeroPoint, -128, 127);

function accumulate(row: number[], layer: QuantizedDenseLayer): number[] {
  const { units, weights, bias, input } = layer;
  const centred = row.map((q) => q - input.zeroPoint);
  return naiveDense(centred, { units, weights, bias });
}

function simulate(row: number[], layer: QuantizedDenseLayer): number[] {
  const { output, input, weightScales, activation } = layer;
  return accumulate(row, layer).map((sum, j) => {
    const scale = Math.fround((input.scale * weightScales[j]!) / (output === null ? 1 : output.scale));
    const real = Math.fround(Math.fround(sum) * scale);
    if (output === null) return real;
    const low = activation.name === 'relu' ? output.zeroPoint : -128;
    return clamp(halfEven(clamp(real, -1024, 1024)) + output.zeroPoint, low, 127);
  });
}

describe('an int8 program', () => {
  const middle: QuantizationParams = { scale: 0.03, zeroPoint: 11 };

  test.each(['linear', 'relu'] as const)('equals an integer simulation bit for bit, with %s fused', (name) => {
    const next = randoms(11);
    const first = quantized('first', 33, 17, next, { output: middle, activation: { name } });
    const second = quantized('second', 17, 5, next, { input: middle });
    const layers: NetworkLayer[] = [
      first,
      { type: 'dropout', name: 'x', rate: 0.1 },
      { type: 'flatten', name: 'f' },
      second,
    ];
    const input = floats(8 * 33, next, 2);
    const wanted = rows(input, 33).flatMap((row) =>
      simulate(
        simulate(
          row.map((x) => quantizeOne(x, first.input)),
          first,
        ),
        second,
      ),
    );
    const output = compileNetwork(chain([33], layers), 8, reference).run(input);
    expect([...output]).toEqual(wanted);
    expect(new Set(wanted).size).toBeGreaterThan(30);
  });

  test('passes int8 on between layers of the same parameters and quantizes once', () => {
    const next = randoms(12);
    const first = quantized('first', 4, 3, next, { output: middle });
    const second = quantized('second', 3, 2, next, { input: middle });
    const calls: string[] = [];
    const { quantize, dequantize } = reference;
    const spy: Kernels = {
      ...reference,
      quantize: (...given) => {
        calls.push('quantize');
        quantize(...given);
      },
      dequantize: (...given) => {
        calls.push('dequantize');
        dequantize(...given);
      },
    };
    const flat: NetworkLayer = { type: 'flatten', name: 'f' };
    compileNetwork(chain([4], [first, flat, second]), 1, spy).run(floats(4, next));
    expect(calls).toEqual(['quantize']);
    for (const params of [
      { scale: 0.02, zeroPoint: middle.zeroPoint },
      { scale: middle.scale, zeroPoint: -3 },
    ]) {
      calls.length = 0;
      const other = { ...second, input: params };
      const input = floats(4, next);
      const output = compileNetwork(chain([4], [first, flat, other]), 1, spy).run(input);
      expect(calls).toEqual(['quantize', 'dequantize', 'quantize']);
      const between = simulate(
        [...input].map((x) => quantizeOne(x, first.input)),
        first,
      ).map((q) => quantizeOne(Math.fround((q - middle.zeroPoint) * Math.fround(middle.scale)), params));
      expect([...output]).toEqual(simulate(between, other));
    }
  });

  test('dequantizes where a float layer or the end of the network follows', () => {
    const next = randoms(13);
    const layer = quantized('q', 4, 3, next, { output: middle });
    const input = floats(2 * 4, next);
    const real = rows(input, 4).flatMap((row) =>
      simulate(
        row.map((x) => quantizeOne(x, layer.input)),
        layer,
      ).map((q) => Math.fround((q - middle.zeroPoint) * Math.fround(middle.scale))),
    );
    expect([...compileNetwork(chain([4], [layer]), 2, reference).run(input)]).toEqual(real);
    const end = dense('d', 3, 2, next, { name: 'tanh' });
    const wanted = rows(Float32Array.from(real), 3).flatMap((row) =>
      activate(naiveDense(row, { ...end, bias: end.bias! }), end.activation),
    );
    expectClose(compileNetwork(chain([4], [layer, end]), 2, reference).run(input), wanted);
  });

  test.each(['relu', 'tanh', 'softmax'] as const)('applies %s to the real numbers of an unquantized output', (name) => {
    const next = randoms(14);
    const layer = quantized('q', 9, 4, next, { activation: { name } });
    const input = floats(3 * 9, next);
    const wanted = rows(input, 9).flatMap((row) =>
      activate(
        simulate(
          row.map((x) => quantizeOne(x, layer.input)),
          layer,
        ),
        { name },
      ),
    );
    expectClose(compileNetwork(chain([9], [layer]), 3, reference).run(input), wanted);
  });

  test('is exact at the largest sums that int32 holds', () => {
    const inputs = 1000;
    const weights = new Int8Array(inputs).fill(-127);
    const params = { scale: 1, zeroPoint: 127 };
    const bias = Int32Array.of(2 ** 31 - 1 - 128 * 127_000 - 127 * 127_000);
    const layer = quantized('q', inputs, 1, randoms(1), {
      weights,
      bias,
      input: params,
      weightScales: Float32Array.of(1),
    });
    const program = compileNetwork(chain([inputs], [layer]), 1, reference);
    const low = program.run(new Float32Array(inputs).fill(-1000));
    expect(low[0]).toBe(Math.fround(255 * 127_000 + bias[0]!));
    const tooMuch = { ...layer, bias: Int32Array.of(bias[0]! + 1) };
    expect(() => compileNetwork(chain([inputs], [tooMuch]), 1, reference)).toThrow(
      'the largest int32 sum of node "q", column 0, is 2147483648, the limit is 2147483647',
    );
  });
});
