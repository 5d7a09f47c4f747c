import type { Kernels } from 'whittle-ml/kernels';
import { int8, normal } from './data.ts';
import { COLS, type KernelCase, kernelCase, MATRIX, N, positive, ROWS } from './kernel-case.ts';
import type { Place } from './tables.ts';

export function quantization(): KernelCase[] {
  const scales = (): Float32Array => positive(COLS, 3).map((x) => 0.01 * x);
  const sums = (): Int32Array => Int32Array.from(normal(N, 1), (x) => 1000 * x);
  return [
    kernelCase('quantize', `${N}`, N, (k, { hold }) => {
      const x = hold(normal(N, 1));
      const y = hold(new Int8Array(N));
      return { call: () => k.quantize(N, x, 0.03, 3, y), y };
    }),
    kernelCase('addInt8', `${N}`, N, (k, { hold }) => {
      const a = hold(int8(N, 1));
      const b = hold(int8(N, 2));
      const y = hold(new Int8Array(N));
      return { call: () => k.addInt8(N, a, 0.03, 3, b, 0.02, -4, 0.04, 1, y), y };
    }),
    kernelCase('addInt8Whole', `${N}`, N, (k, { hold }) => {
      const a = hold(int8(N, 1));
      const b = hold(int8(N, 2));
      const y = hold(new Int8Array(N));
      const [first, second] = [1 << 30, 1431655765]; // 0.03 and 0.02 over twice the larger
      return { call: () => k.addInt8Whole(N, a, 3, first, 0, b, -4, second, -1, 1610612736, -18, 1, y), y };
    }),
    kernelCase('addInt8Shifted', `${N}`, N, (k, { hold }) => {
      const a = hold(int8(N, 1));
      const b = hold(int8(N, 2));
      const y = hold(new Int8Array(N));
      const [first, second, shift] = [1572864, 1048576, 21]; // 0.03 and 0.02 over 0.04, in units of 1 / 2^21
      const bias = (1 << (shift - 1)) - 3 * first + 4 * second;
      return { call: () => k.addInt8Shifted(N, a, first, b, second, bias, shift, 1, y), y };
    }),
    kernelCase('lookUp', `${N}`, N, (k, { hold }) => {
      const q = hold(int8(N, 1));
      const table = hold(int8(256, 2));
      const y = hold(new Int8Array(N));
      return { call: () => k.lookUp(N, q, table, y), y };
    }),
    kernelCase('packInt8', MATRIX, N, (k, { hold }) => {
      const b = hold(int8(N, 1));
      const y = hold(new Int8Array(N)); // no padding: 128 is a multiple of 16, 32 of 2
      return { call: () => k.packInt8(ROWS, COLS, b, y), y };
    }),
    kernelCase('quantizeColumns', MATRIX, N, (k, { hold }) => {
      const x = hold(normal(N, 1));
      const s = hold(scales());
      const y = hold(new Int8Array(N));
      return { call: () => k.quantizeColumns(ROWS, COLS, x, s, y), y };
    }),
    kernelCase('dequantize', `${N}`, N, (k, { hold, floats }) => {
      const q = hold(int8(N, 1));
      const y = floats(N);
      return { call: () => k.dequantize(N, q, 0.03, 3, y), y };
    }),
    kernelCase('requantize', MATRIX, N, (k, { hold }) => {
      const acc = hold(sums());
      const bias = hold(new Int32Array(COLS));
      const s = hold(scales());
      const y = hold(new Int8Array(N));
      return { call: () => k.requantize(ROWS, COLS, acc, bias, s, -5, -5, 100, y), y };
    }),
    kernelCase('requantizeWhole', MATRIX, N, (k, { hold }) => {
      const acc = hold(sums());
      const bias = hold(new Int32Array(COLS));
      const multipliers = hold(Int32Array.from(positive(COLS, 3), (x) => 2 ** 30 + 2e8 * x));
      const shifts = hold(Int32Array.from({ length: COLS }, (_, j) => -5 - (j % 3)));
      const y = hold(new Int8Array(N));
      return { call: () => k.requantizeWhole(ROWS, COLS, acc, bias, multipliers, shifts, -5, -5, 100, y), y };
    }),
    kernelCase('quantizeRows', MATRIX, N, (k, { hold, floats }) => {
      const x = hold(normal(N, 1));
      const s = floats(ROWS);
      const zeroPoints = hold(new Int32Array(ROWS));
      const y = hold(new Int8Array(N));
      return { call: () => k.quantizeRows(ROWS, COLS, x, s, zeroPoints, y), y };
    }),
    kernelCase('dequantizeRows', MATRIX, N, (k, { hold, floats }) => {
      const acc = hold(sums());
      const rowScales = hold(positive(ROWS, 2));
      const zeroPoints = hold(new Int32Array(ROWS).fill(3));
      const columnSums = hold(new Int32Array(COLS).fill(77));
      const s = hold(scales());
      const bias = hold(normal(COLS, 4));
      const y = floats(N);
      return { call: () => k.dequantizeRows(ROWS, 1, COLS, acc, rowScales, zeroPoints, columnSums, s, bias, y), y };
    }),
    kernelCase('dequantizeColumns', MATRIX, N, (k, { hold, floats }) => {
      const acc = hold(sums());
      const bias = hold(new Int32Array(COLS));
      const s = hold(scales());
      const y = floats(N);
      return { call: () => k.dequantizeColumns(ROWS, COLS, acc, bias, s, y), y };
    }),
  ];
}

/** Operands that were packed beforehand, a layer of 128 units or a window 3x3 of 16 channels, and other such windows. */
export function packedOperands(): KernelCase[] {
  const weights = (k: Kernels, { hold, floats }: Place): Float32Array => {
    const packed = floats(COLS * COLS);
    k.packPanels(COLS, COLS, hold(normal(COLS * COLS, 2)), packed);
    return packed;
  };
  const channels = 16;
  const s = {
    ...{ batch: 1, height: 14, width: 14, outHeight: 12, outWidth: 12, kernelHeight: 3, kernelWidth: 3 },
    ...{ strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0 },
    ...{ channels, units: channels, groups: 1 },
  };
  const kernel = 9 * channels * channels;
  return [
    kernelCase('packPanels', `${COLS}x${COLS}`, COLS * COLS, (k, place) => {
      const b = place.hold(normal(COLS * COLS, 1));
      const y = place.floats(COLS * COLS);
      return { call: () => k.packPanels(COLS, COLS, b, y), y };
    }),
    kernelCase('gemmPanels', `${ROWS}x${COLS}x${COLS}`, N, (k, place) => {
      const a = place.hold(normal(N, 1));
      const packed = weights(k, place);
      const y = place.floats(N);
      return { call: () => k.gemmPanels(ROWS, COLS, COLS, a, packed, null, 'linear', y), y };
    }),
    kernelCase('packConvInt8', '3x3 16->16', kernel, (k, { hold }) => {
      const w = hold(int8(kernel, 1));
      const y = hold(new Int8Array(kernel)); // no padding: 48 numbers a row of taps are even, and 16 units a panel
      return { call: () => k.packConvInt8(s, w, y), y };
    }),
    kernelCase('conv2dInt8', '3x3 16->16 14x14', 144 * channels, (k, { hold }) => {
      const x = hold(int8(196 * channels, 1));
      const packed = hold(new Int8Array(kernel));
      k.packConvInt8(s, hold(int8(kernel, 2)), packed);
      const y = hold(new Int32Array(144 * channels));
      return { call: () => k.conv2dInt8(s, x, 3, packed, y), y };
    }),
    kernelCase('avgPoolInt8Whole', '3x3 14x14x16', 144 * channels, (k, { hold }) => {
      const x = hold(int8(196 * channels, 1));
      const y = hold(new Int8Array(144 * channels));
      return { call: () => k.avgPoolInt8Whole(s, channels, x, y), y };
    }),
    kernelCase('conv2dTransposedInt8', '3x3 16->16 12x12', 196 * channels, (k, { hold }) => {
      const from = hold(int8(144 * channels, 1));
      const w = hold(int8(kernel, 2));
      const y = hold(new Int32Array(196 * channels));
      return { call: () => k.conv2dTransposedInt8(s, from, 3, w, y), y };
    }),
  ];
}
