import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { random } from '../../scripts/formats/tflite-operators.mjs';
import { fromTflite } from '../../src/formats/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';

type Tflite = (problem: object) => Uint8Array;

/** Another writer of such files, which needs the package of flatbuffers: where that is not installed, nothing here runs. */
const address = new URL('../../bench/peers/tflite.mjs', import.meta.url).href;
const peer = (await import(/* @vite-ignore */ address).catch(() => null)) as { readonly tflite: Tflite } | null;

const next = random(4);
const some = (n: number): Float32Array => Float32Array.from({ length: n }, () => next() - 0.5);
const relu = (x: number): number => Math.max(x, 0);

describe.skipIf(peer === null)('a file of another writer', () => {
  const layers = [
    { kind: 'conv2d', shape: [6, 5, 3], size: 3, units: 4 },
    { kind: 'maxPool', shape: [4, 3, 4], size: 2 },
    { kind: 'flatten', shape: [2, 1, 4] },
    { kind: 'dense', shape: [8], units: 3 },
  ];
  const weights = [some(3 * 3 * 3 * 4), some(4), some(8 * 3), some(3)];

  test('is read to the numbers that its weights give', () => {
    const { network, inputs } = fromTflite(peer!.tflite({ layers, batch: 2, weights, int8: null }));
    expect(inputs[0]).toMatchObject({ shape: [2, 6, 5, 3], dtype: 'float32' });
    const x = some(90);
    const [kernel, bias, last, ends] = weights as [Float32Array, Float32Array, Float32Array, Float32Array];
    const conv = (y: number, z: number, u: number): number => {
      let sum = bias[u]!;
      for (let i = 0; i < 27; i++) {
        const [down, across, c] = [Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3] as const;
        sum += x[((y + down) * 5 + z + across) * 3 + c]! * kernel[i * 4 + u]!;
      }
      return relu(sum);
    };
    const pooled = Array.from({ length: 8 }, (_, i) => {
      const [y, u] = [i >> 2, i & 3] as const;
      return Math.max(...[0, 1].flatMap((a) => [0, 1].map((b) => conv(2 * y + a, b, u))));
    });
    const logits = Array.from(ends, (b, j) => pooled.reduce((sum, p, i) => sum + p * last[i * 3 + j]!, b));
    const exps = logits.map((z) => Math.exp(z - Math.max(...logits)));
    const total = exps.reduce((a, b) => a + b, 0);
    const y = compileNetwork(network, 1, cpu).run(x);
    for (const [j, e] of exps.entries()) expect(y[j]).toBeCloseTo(e / total, 5);
  });

  test('keeps its integers', () => {
    const formats = [0, 1, 2, 3, 4].map((i) => ({ scale: 2 ** -(5 + (i >> 2)), zeroPoint: i === 0 ? 1 : -128 }));
    const integers = (n: number): Int8Array => Int8Array.from({ length: n }, () => Math.floor(next() * 255) - 127);
    const kernels = [integers(108), integers(24)];
    const int8 = {
      formats: formats.map((format, i) => (i > 0 && i < 4 ? formats[1]! : format)),
      weights: kernels.map((kernel, i) => {
        const units = i === 0 ? 4 : 3;
        return { kernel, scales: new Float32Array(units).fill(2 ** -9), bias: new Int32Array(units).fill(7) };
      }),
    };
    const { network } = fromTflite(peer!.tflite({ layers, batch: 1, weights, int8 }));
    const encodings = [...network.weights.values()].map(({ encoding }) => encoding);
    expect(encodings.map(({ type }) => type)).toEqual(['int8', 'int32', 'int8', 'int32']);
    expect(encodings[0]).toMatchObject({ values: kernels[0] });
    expect(encodings[2]).toMatchObject({ values: kernels[1] });
    expect(network.nodes.map(({ op }) => op)).toEqual([
      'quantize',
      'conv',
      'pool',
      'flatten',
      'dense',
      'dequantize',
      'activation',
    ]);
  });
});
