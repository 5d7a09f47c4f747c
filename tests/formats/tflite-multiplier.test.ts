import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { operatorNetworks, random } from '../../scripts/formats/tflite-operators.mjs';
import { fromTflite, toTflite } from '../../src/formats/index.ts';
import type { EncodingOf, Stored } from '../../src/graph/encoding.ts';
import type { Graph, QuantizationParams } from '../../src/graph/graph.ts';
import { compileNetwork } from '../../src/infer/program.ts';

/**
 * MultiplyByQuantizedMultiplier of TensorFlow Lite in whole numbers of any length: with the two roundings that its kernels have by
 * default, and with the one of a build for single rounding. Divisions are floors here.
 */
const floorDiv = (a: bigint, b: bigint): bigint => (a % b !== 0n && a < 0n !== b < 0n ? a / b - 1n : a / b);

interface Multiplier {
  readonly m: bigint;
  readonly shift: number;
}

/** A factor as m·2^(shift - 31): m of 31 bits, half away from 0, by the exact fraction that a double is. */
function quantizedMultiplier(factor: number): Multiplier {
  let shift = 0;
  let fraction = factor;
  while (fraction >= 1) [fraction, shift] = [fraction / 2, shift + 1];
  while (fraction < 0.5) [fraction, shift] = [fraction * 2, shift - 1];
  const m = (BigInt(fraction * 2 ** 53) + 2n ** 21n) >> 22n;
  return m === 2n ** 31n ? { m: m / 2n, shift: shift + 1 } : { m, shift };
}

function doubleRounded(x: bigint, { m, shift }: Multiplier): bigint {
  const high = floorDiv(BigInt.asIntN(32, x << BigInt(Math.max(shift, 0))) * m + 2n ** 30n, 2n ** 31n);
  const by = 2n ** BigInt(Math.max(-shift, 0));
  const magnitude = ((high < 0n ? -high : high) * 2n + by) / (2n * by);
  return high < 0n ? -magnitude : magnitude;
}

const singleRounded = (x: bigint, { m, shift }: Multiplier): bigint =>
  floorDiv(x * m + 2n ** BigInt(30 - shift), 2n ** BigInt(31 - shift));

const clamped = (q: bigint): number => Number(q < -128n ? -128n : q > 127n ? 127n : q);

const X: QuantizationParams = { scale: 0.5, zeroPoint: 3 };
const Y: QuantizationParams = { scale: 0.375, zeroPoint: -2 };

/** A dense layer of one number, whose sums are such biases and x, by factors of such kernel scales. */
function layer(biases: readonly number[], scales: readonly number[]): Graph<Stored> {
  const units = biases.length;
  const kernel = { type: 'int8', values: new Int8Array(units).fill(1), scales: Float32Array.from(scales) } as const;
  const bias = { type: 'int32', values: Int32Array.from(biases) } as const;
  const stored = (shape: readonly number[], encoding: Stored['encoding']): Stored => ({ shape, encoding, mask: null });
  return {
    inputs: [{ name: 'x', shape: [1], dtype: 'float32' }],
    nodes: [
      { name: 'q', op: 'quantize', inputs: ['x'], weights: {}, attrs: {}, format: X },
      {
        name: 'y',
        op: 'dense',
        inputs: ['q'],
        weights: { kernel: 'kernel', bias: 'bias' },
        attrs: { activation: { name: 'linear' }, rule: 'multiplier' },
        format: Y,
      },
      { name: 'z', op: 'dequantize', inputs: ['y'], weights: {}, attrs: {}, format: null },
    ],
    outputs: ['z'],
    weights: new Map([
      ['kernel', stored([1, units], kernel)],
      ['bias', stored([units], bias)],
    ]),
  };
}

const tables = { cpu, wasm: wasm() };

/** The integers that a file gives for x, a whole number. */
function integersOf(file: Uint8Array, x: number, table: typeof cpu): number[] {
  const program = compileNetwork(fromTflite(file).network, 1, table);
  return Array.from(program.run(Float32Array.of((x - X.zeroPoint) * X.scale)), (y) => y / Y.scale + Y.zeroPoint);
}

describe.each(Object.entries(tables))('integers of a .tflite file with %s', (_, table) => {
  const next = random(3);
  const edges = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    127,
    -128,
    2 ** 15,
    -(2 ** 15),
    2 ** 24,
    2 ** 24 + 1,
    -(2 ** 24) - 1,
    2 ** 30,
    -(2 ** 30),
  ];
  const biases = [
    ...edges,
    ...Array.from({ length: 400 }, () => Math.round((next() - 0.5) * 2 ** (3 + Math.floor(next() * 27)))),
  ];
  const scales = biases.map((b, i) => {
    const to = (next() * 300) / Math.max(Math.abs(b), 1); // so that many results are no ends of int8
    return Math.fround(i % 3 === 0 ? to : i % 3 === 1 ? 0.75 * 2 ** -(i % 20) : next() * 2);
  });

  test('are those of TensorFlow Lite with two roundings', () => {
    const file = toTflite(layer(biases, scales));
    let single = 0;
    for (const x of [-128, -7, 3, 4, 5, 127]) {
      const factors = scales.map((scale) => quantizedMultiplier((X.scale * scale) / Y.scale));
      const sums = biases.map((b) => BigInt(b + x - X.zeroPoint));
      const own = integersOf(file, x, table);
      const expected = sums.map((sum, i) => clamped(doubleRounded(sum, factors[i]!) + BigInt(Y.zeroPoint)));
      expect(own).toEqual(expected);
      const once = sums.map((sum, i) => clamped(singleRounded(sum, factors[i]!) + BigInt(Y.zeroPoint)));
      for (const [i, q] of once.entries()) {
        if (
          BigInt.asIntN(32, sums[i]! << BigInt(Math.max(factors[i]!.shift, 0))) !==
          sums[i]! << BigInt(Math.max(factors[i]!.shift, 0))
        )
          continue; // two roundings wrap as int32 does, one does not
        expect(Math.abs(q - own[i]!)).toBeLessThanOrEqual(1);
        if (q !== own[i]) single++;
      }
    }
    expect(single).toBeGreaterThan(20); // the vectors tell one from the other
  });

  test('are those of its own depthwise kernel, as recorded', () => {
    const golden = JSON.parse(
      readFileSync(new URL('../golden/tflite-depthwise.json', import.meta.url), 'utf8'),
    ) as Readonly<Record<'kernel' | 'biases' | 'x' | 'y', number[]>>;
    const base = operatorNetworks['depthwise conv of int8']!;
    const input = { scale: 0.05, zeroPoint: -3 };
    const scales = new Float32Array(8).fill(0.0043);
    const kernel: EncodingOf<'int8'> = { type: 'int8', values: Int8Array.from(golden.kernel), scales };
    const nodes = base.nodes.map((node) => {
      if (node.op === 'quantize') return { ...node, format: input };
      if (node.op !== 'conv') return node;
      return { ...node, attrs: { ...node.attrs, strides: [1, 1], groups: 8 }, format: { scale: 0.0625, zeroPoint: 4 } };
    });
    const network: Graph<Stored> = {
      ...base,
      inputs: [{ name: 'x', shape: [4, 4, 8], dtype: 'float32' }],
      nodes,
      weights: new Map<string, Stored>([
        ['k', { shape: [3, 3, 1, 8], encoding: kernel, mask: null }],
        ['b', { shape: [8], encoding: { type: 'int32', values: Int32Array.from(golden.biases) }, mask: null }],
      ]),
    };
    const program = compileNetwork(fromTflite(toTflite(network)).network, 1, table);
    const y = program.run(Float32Array.from(golden.x, (q) => (q - input.zeroPoint) * Math.fround(input.scale)));
    expect(Array.from(y, (real) => Math.round(real / 0.0625) + 4)).toEqual(golden.y);
  });
});

test('the rule of a file is that which was written, or the one asked for', () => {
  const rules = (network: Graph<Stored>): unknown[] =>
    network.nodes.flatMap(({ op, attrs }) => (op === 'dense' ? [(attrs as { rule?: string }).rule] : []));
  const whole = layer([1, 2], [0.1, 0.2]);
  const float = {
    ...whole,
    nodes: whole.nodes.map((node) =>
      node.op === 'dense' ? { ...node, attrs: { activation: node.attrs.activation } } : node,
    ),
  };
  expect(rules(fromTflite(toTflite(whole)).network)).toEqual(['multiplier']);
  expect(rules(fromTflite(toTflite(float)).network)).toEqual([undefined]);
  expect(rules(fromTflite(toTflite(float), { rule: 'multiplier' }).network)).toEqual(['multiplier']);
  const theirs = fromTflite(toTflite(whole), { rule: 'float' }).network;
  expect(rules(theirs)).toEqual(['xnnpack']);
  expect(rules(fromTflite(toTflite(theirs)).network)).toEqual(['xnnpack']);
  expect(rules(fromTflite(toTflite(float), { rule: 'float' }).network)).toEqual(['xnnpack']);
});
