import { describe, expect, test } from 'vitest';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { fromData, gptq, type LayerFormatChoice, quantize, type Tensor } from '../../src/index.ts';
import { FIVE } from '../compress/five-networks.ts';
import { normal } from '../compress/tools.ts';
import { correlated, denseNetwork, reals, squaredDistance } from './correlated.ts';

const roundHalfEven = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** The inverse of a matrix by Gauss and Jordan. */
function inverse(a: readonly (readonly number[])[]): number[][] {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => Number(i === j))]);
  for (let i = 0; i < n; i++) {
    const pivot =
      rows.slice(i).reduce((best, row, k) => (Math.abs(row[i]!) > Math.abs(rows[i + best]![i]!) ? k : best), 0) + i;
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    const own = rows[i]!.map((v) => v / rows[i]![i]!);
    rows[i] = own;
    rows.forEach((row, k) => {
      if (k !== i) rows[k] = row.map((v, j) => v - row[i]! * own[j]!);
    });
  }
  return rows.map((row) => row.slice(n));
}

/**
 * Optimal Brain Quantization of one column, in order (Frantar & Alistarh 2022, equation 7): what is left moves by
 * -(w_q - quant(w_q))/[H⁻¹]_qq·H⁻¹_q, and H⁻¹ is that of what is left, here inverted anew each time.
 */
function obq(w: readonly number[], x: readonly (readonly number[])[], scale: number, most: number): number[] {
  const n = w.length;
  const h = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => x.reduce((sum, row) => sum + 2 * row[i]! * row[j]!, 0)),
  );
  const mean = h.reduce((sum, row, i) => sum + row[i]!, 0) / n;
  const now = [...w];
  for (let q = 0; q < n; q++) {
    const left = Array.from({ length: n - q }, (_, i) => q + i);
    const inv = inverse(left.map((i) => left.map((j) => h[i]![j]! + (i === j ? 0.01 * mean : 0))));
    const level = Math.min(most, Math.max(-most, roundHalfEven(now[q]! / scale)));
    const error = now[q]! - scale * level;
    left.forEach((i, k) => {
      now[i] = k === 0 ? scale * level + 0 : now[i]! - (error / inv[0]![0]!) * inv[0]![k]!;
    });
  }
  return now;
}

/** What a kernel of 3 by 2 taps, dilated by 2 across, reads of images [6, 7, 4] with stride 2 down and padding 'same'. */
function patchesOf(x: Tensor): number[][] {
  const at = (image: number, y: number, column: number, c: number): number =>
    y < 0 || y >= 6 || column < 0 || column >= 7 ? 0 : x.data[((image * 6 + y) * 7 + column) * 4 + c]!;
  const rows: number[][] = [];
  for (let image = 0; image < 120; image++)
    for (let oy = 0; oy < 3; oy++)
      for (let ox = 0; ox < 7; ox++) {
        const row: number[] = [];
        // Of 1 zero down all lies behind, of 2 across one before
        for (let ky = 0; ky < 3; ky++)
          for (let kx = 0; kx < 2; kx++)
            for (let c = 0; c < 4; c++) row.push(at(image, 2 * oy + ky, ox + 2 * kx - 1, c));
        rows.push(row);
      }
  return rows;
}

const kernelIn = (network: Network, key = 'd0/kernel'): Float32Array =>
  decodeWeight(network.weights.get(key)!) as Float32Array;

/** One dense layer of these numbers. */
function layer(kernel: Stored): Network {
  const [inputs] = kernel.shape as [number];
  const node = nodeOf('dense', 'd0', ['x'], { activation: { name: 'linear' } }, { weights: { kernel: 'd0/kernel' } });
  return new Network({
    inputs: [{ name: 'x', shape: [inputs], dtype: 'float32' }],
    nodes: [node],
    outputs: ['d0'],
    weights: new Map([['d0/kernel', kernel]]),
  });
}

describe('gptq', () => {
  test('equals Optimal Brain Quantization, which inverts what is left each time', () => {
    let moved = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const [n, units] = [5, 3];
      const network = layer(reals([n, units], seed));
      const x = correlated(12, n, seed, 2);
      const quantized = quantize(network, { calibration: x, format: { weights: { type: 'int4', group: 'column' } } });
      const { scales } = quantized.weights.get('d0/kernel')!.encoding as { readonly scales: Float32Array };
      const rows = Array.from({ length: 12 }, (_, i) => Array.from(x.data.slice(i * n, (i + 1) * n)));
      const made = kernelIn(gptq(network, quantized, { calibration: x }));
      const wanted = Float32Array.from({ length: n * units });
      for (let j = 0; j < units; j++) {
        const column = Array.from({ length: n }, (_, i) => kernelIn(network)[i * units + j]!);
        obq(column, rows, scales[j]!, 7).forEach((w, i) => {
          wanted[i * units + j] = w;
        });
      }
      const real = kernelIn(network);
      const near = kernelIn(quantized);
      const errorOf = (kernel: Float32Array, j: number): number =>
        rows.reduce((sum, row) => {
          const off = row.reduce((s, v, i) => s + v * (real[i * units + j]! - kernel[i * units + j]!), 0);
          return sum + off * off;
        }, 0);
      // A unit keeps its rounding if the other is no better
      const best = wanted.map((w, i) => (errorOf(wanted, i % units) < errorOf(near, i % units) ? w : near[i]!));
      expect(made, `seed ${seed}`).toEqual(best);
      if (best.some((w, i) => w !== near[i])) moved++;
    }
    expect(moved).toBeGreaterThan(10);
  });

  test.each(['int4', 'uint4', 'int8', { weights: { type: 'int8', group: 8 } }, 'binary'] as const)(
    'rounds to nearest where inputs have nothing to do with each other: %s',
    (format) => {
      const network = layer(reals([24, 5], 3));
      const eye = fromData(
        Float32Array.from({ length: 24 * 24 }, (_, i) => (i % 25 === 0 ? 1 : 0)),
        [24, 24],
      );
      const quantized = quantize(network, { calibration: eye, format });
      expect(gptq(network, quantized, { calibration: eye }).weights).toEqual(quantized.weights);
    },
  );

  test.each(['range', 'error'] as const)(
    'lets levels of all groups reach over what those of the format do: its %s',
    (fit) => {
      let moved = 0;
      for (const type of ['int4', 'uint4'] as const)
        for (let seed = 1; seed <= 6; seed++) {
          // Rounding the first group changes nothing, so that the second is as it was when its scales are taken
          const [n, units] = [16, 5];
          const { shape, encoding } = reals([n, units], seed);
          const values = Float32Array.from(encoding.values, (w, i) => {
            const [row, j] = [Math.floor(i / units), i % units];
            return row >= 8 ? w ** 3 : ((row * (j + 3)) % 8) * (row % 2 === 0 ? 1 : -1);
          });
          for (let j = 0; j < units; j++)
            values.set(
              [7, -8].map((end) => (type === 'int4' && end < 0 ? -7 : end)),
              2 * j,
            );
          const network = layer({ shape, encoding: { type: 'float32', values }, mask: null });
          const x = correlated(60, n, seed, 2);
          const quantized = quantize(network, { calibration: x, format: { weights: { type, group: 8, fit } } });
          const made = gptq(network, quantized, { calibration: x });
          const [own, before] = [made, quantized].map(({ weights }) => weights.get('d0/kernel')!.encoding);
          expect(own, `${type}, seed ${seed}`).toMatchObject({ scales: (before as { scales: Float32Array }).scales });
          if (!Object.is(String(own!.values), String(before!.values))) moved++;
        }
      expect(moved).toBeGreaterThan(6);
    },
  );

  test.each<[LayerFormatChoice, number]>([
    ['int4', 0.5],
    ['uint4', 0.5],
    ['int8', 0.5],
    ['ternary', 0.6],
    ['binary', 0.9],
    [{ weights: { type: 'int4', group: 'column' } }, 0.5],
    [{ weights: { type: 'uint8', group: 16 } }, 0.5],
    [{ weights: { type: 'fixed8' } }, 0.5],
    [{ weights: 'int4', values: 'static' }, 0.6],
    [{ weights: 'ternary', values: 'static' }, 0.6],
    ['static', 1],
    ['dynamic', 1],
    ['fixed', 1],
  ])('lowers the squared error of the sums in every draw: %j', (format, share) => {
    for (let seed = 1; seed <= 6; seed++) {
      const network = layer(reals([48, 16], seed));
      const x = correlated(150, 48, seed);
      const quantized = quantize(network, { calibration: x, format });
      const made = gptq(network, quantized, { calibration: x });
      expect(squaredDistance(network, made, x), `seed ${seed}`).toBeLessThan(
        share * squaredDistance(network, quantized, x),
      );
    }
  });

  test('goes by what the layers before it give, and helps on samples that it has not seen', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const network = denseNetwork([32, 24, 16, 8], seed);
      const [x, other] = [correlated(200, 32, 7), correlated(400, 32, 7)];
      const quantized = quantize(network, { calibration: x, format: 'ternary' });
      const made = gptq(network, quantized, { calibration: x });
      expect(squaredDistance(network, made, other)).toBeLessThan(0.7 * squaredDistance(network, quantized, other));
    }
  });

  test('takes scales of a group when it begins, and keeps those of the first', () => {
    const network = layer(reals([40, 6], 2));
    const x = correlated(100, 40, 2);
    const quantized = quantize(network, { format: { weights: { type: 'uint4', group: 16 } } });
    const made = gptq(network, quantized, { calibration: x });
    const parts = [quantized, made].map(
      (of) =>
        of.weights.get('d0/kernel')!.encoding as { readonly scales: Float32Array; readonly zeroPoints: Uint8Array },
    );
    const [before, after] = parts as [(typeof parts)[0], (typeof parts)[0]];
    expect(after.scales.length).toBe(18);
    expect(after.scales.slice(0, 6)).toEqual(before.scales.slice(0, 6));
    expect(after.scales.slice(6, 12)).not.toEqual(before.scales.slice(6, 12));
    expect(after.scales.slice(12)).not.toEqual(before.scales.slice(12));
  });

  test('keeps what is pruned at 0, and makes up for it', () => {
    for (const format of ['int4', 'uint4', 'ternary', 'static'] as const) {
      const kernel = reals([32, 8], 5);
      const mask = Uint8Array.from({ length: 256 }, (_, i) => Number(i % 3 !== 0));
      kernel.encoding.values.forEach((w, i) => {
        kernel.encoding.values[i] = w * mask[i]!;
      });
      const network = layer({ ...kernel, mask });
      const x = correlated(100, 32, 5);
      const quantized = quantize(network, { calibration: x, format });
      const made = gptq(network, quantized, { calibration: x });
      expect(made.weights.get('d0/kernel')!.mask).toEqual(mask);
      kernelIn(made).forEach((w, i) => {
        if (mask[i] === 0) expect(w).toBe(0);
      });
      expect(squaredDistance(network, made, x)).toBeLessThan(squaredDistance(network, quantized, x));
    }
  });

  test('takes convolutions of one group by their patches, and leaves others', () => {
    const attrs = { activation: { name: 'linear' }, strides: [2, 1], dilations: [1, 2], padding: 'same' } as const;
    const network = new Network({
      inputs: [{ name: 'x', shape: [6, 7, 4], dtype: 'float32' }],
      nodes: [nodeOf('conv', 'd0', ['x'], { ...attrs, groups: 1 }, { weights: { kernel: 'd0/kernel' } })],
      outputs: ['d0'],
      weights: new Map([['d0/kernel', reals([3, 2, 4, 5], 1)]]),
    });
    const x = fromData(correlated(120, 6 * 7 * 4, 3).data, [120, 6, 7, 4]);
    const quantized = quantize(network, { calibration: x, format: 'int4' });
    const made = gptq(network, quantized, { calibration: x });
    expect(squaredDistance(network, made, x)).toBeLessThan(0.9 * squaredDistance(network, quantized, x));
    const dense = layer({ ...network.weights.get('d0/kernel')!, shape: [24, 5] });
    const rows = fromData(Float32Array.from(patchesOf(x).flat()), [120 * 3 * 7, 24]);
    const wanted = gptq(dense, quantize(dense, { format: 'int4' }), { calibration: rows });
    expect(kernelIn(made)).toEqual(kernelIn(wanted));
    const model = FIVE.MobileNetV2!();
    const samples = normal([20, 8, 8, 1], 1);
    const four = quantize(model, { calibration: samples, format: 'int4' });
    const whole = gptq(model, four, { calibration: samples });
    for (const { op, attrs: own, weights } of whole.nodes) {
      if (op !== 'conv' || !('groups' in own) || own.groups === 1) continue;
      expect(whole.weights.get(weights.kernel!)).toEqual(four.weights.get(weights.kernel!));
    }
  });

  test('goes by all uses of a shared layer', () => {
    const model = FIVE['residual with a shared layer']!();
    const samples = normal([30, 8, 8, 1], 4);
    const four = quantize(model, { calibration: samples, format: 'ternary' });
    const made = gptq(model, four, { calibration: samples });
    expect(made.weights.get('shared/kernel')).not.toEqual(four.weights.get('shared/kernel'));
  });

  test('leaves a layer alone whose inputs are always 0, and rounds rows of dead inputs to nearest', () => {
    const network = layer(reals([8, 4], 1));
    const none = fromData(new Float32Array(80), [10, 8]);
    const quantized = quantize(network, { calibration: none, format: 'int4' });
    expect(gptq(network, quantized, { calibration: none }).weights).toEqual(quantized.weights);
    const half = correlated(40, 8, 2);
    half.data.forEach((_, i) => {
      if (i % 8 >= 4) half.data[i] = 0;
    });
    const made = kernelIn(gptq(network, quantized, { calibration: half }));
    expect(made.slice(16)).toEqual(kernelIn(quantized).slice(16));
  });
});
