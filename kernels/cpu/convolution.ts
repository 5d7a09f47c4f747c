import type { Convolution, ConvolutionKernels } from '../interface/convolution.ts';
import type { Epilogue } from '../interface/products.ts';
import { groupsOf, inner, isDepthwise, outer, type Phase, phaseOf, type Side, transposedPhases } from '../phases.ts';
import { reference } from '../reference/reference.ts';
import { addProduct, clear } from './products.ts';

/**
 * Convolutions as products: what the taps of some positions meet is copied side by side, a row for each position, and
 * multiplied by the kernel. The sums are those of the definition, since the rows are in its order.
 */

/** Positions at a time, as many as the product packs, or fewer where rows are long. */
const POSITIONS = 64;
const NUMBERS = 65536;

export const columns: Float32Array = new Float32Array(NUMBERS); // [positions][taps][numbers of a group]
export const sums: Float32Array = new Float32Array(NUMBERS); // [positions][results of a group]

/** Positions whose rows fit; 0 if not even one does. */
const positionsOf = (...lengths: readonly number[]): number =>
  Math.min(POSITIONS, Math.floor(NUMBERS / Math.max(1, ...lengths)));

/** Copies what the taps of `count` positions from `first` on meet in an image, of numbers from `offset` on in each pixel. */
function gather(
  { y, x }: Phase,
  { images, width, pixel, part }: Side,
  offset: number,
  first: number,
  count: number,
): void {
  let q = 0;
  let row = Math.floor(first / x.positions) | 0;
  let col = (first - row * x.positions) | 0;
  for (let i = 0; i < count; i++) {
    for (let ty = 0, iy = (y.start + row * y.stride) | 0; ty < y.taps; ty++, iy += y.dilation) {
      for (let tx = 0, ix = (x.start + col * x.stride) | 0; tx < x.taps; tx++, ix += x.dilation) {
        const end = (q + part) | 0;
        if (iy >= 0 && iy < y.length && ix >= 0 && ix < x.length) {
          for (let p = (offset + (iy * width + ix) * pixel) | 0; q < end; q++, p++) columns[q] = images[p]!;
        } else for (; q < end; q++) columns[q] = 0;
      }
    }
    col++;
    if (col === x.positions) {
      col = 0;
      row++;
    }
  }
}

/** Puts the sums of `count` positions from `first` on where they belong, as numbers from `offset` on in each pixel. */
function put(
  { y, x }: Phase,
  { images, width, pixel, part }: Side,
  offset: number,
  first: number,
  count: number,
  bias: Float32Array | null,
  biasAt: number,
  activation: Epilogue,
): void {
  let q = 0;
  for (let i = first; i < first + count; i++) {
    const row = Math.floor(i / x.positions);
    const col = i - row * x.positions;
    let o = (offset + ((y.to + row * y.toStep) * width + x.to + col * x.toStep) * pixel) | 0;
    for (let u = 0; u < part; u++) {
      let v = sums[q]!;
      if (bias !== null) v = Math.fround(v + bias[biasAt + u]!);
      if (activation !== 'linear' && v < 0) v = 0; // keeps -0, as Math.max would not
      if (activation === 'relu6') v = Math.min(v, 6);
      images[o] = v;
      q = (q + 1) | 0;
      o = (o + 1) | 0;
    }
  }
}

/** sums[position][c] += columns[position][at + c]·kernel[w + c], where rows of columns are `k` long. */
function addByChannel(
  positions: number,
  channels: number,
  k: number,
  at: number,
  kernel: Float32Array,
  w: number,
): void {
  const fr = Math.fround;
  for (let i = 0, o = 0, q = at; i < positions; i++, q += k) {
    for (let c = 0; c < channels; c++) {
      sums[o] = fr(sums[o]! + fr(columns[q + c]! * kernel[w + c]!));
      o = (o + 1) | 0;
    }
  }
}

/** dKernel[i] += columns[position][i]·dy[dyAt + position·channels + c] for all taps and channels c, position by position. */
function addKernelGradByChannel(
  positions: number,
  channels: number,
  k: number,
  dy: Float32Array,
  dyAt: number,
  dKernel: Float32Array,
): void {
  const fr = Math.fround;
  for (let i = 0, q = 0, g = dyAt; i < positions; i++, g += channels) {
    for (let tap = 0; tap < k; tap += channels) {
      for (let c = 0; c < channels; c++) {
        dKernel[tap + c] = fr(dKernel[tap + c]! + fr(columns[q]! * dy[g + c]!));
        q = (q + 1) | 0;
      }
    }
  }
}

/**
 * What phases make of one side of a convolution, into the other: `add` adds to `sums` the products of `count` rows of `columns`,
 * which are `k` long, with the part of a group.
 */
export function convolveWith(
  s: Convolution,
  phases: readonly Phase[],
  from: Side,
  to: Side,
  bias: Float32Array | null,
  activation: Epilogue,
  add: (phase: Phase, count: number, k: number, group: number) => void,
): void {
  for (const phase of phases) {
    const { y, x } = phase;
    const k = y.taps * x.taps * from.part;
    const most = positionsOf(k, to.part);
    const all = y.positions * x.positions;
    for (let n = 0; n < s.batch; n++) {
      for (let g = 0; g < groupsOf(s); g++) {
        const offset = n * from.perImage + g * from.part;
        const toOffset = n * to.perImage + g * to.part;
        for (let first = 0; first < all; first += most) {
          const count = Math.min(most, all - first);
          gather(phase, from, offset, first, count);
          clear(count * to.part, sums, 0);
          add(phase, count, k, g);
          put(phase, to, toOffset, first, count, bias, g * to.part, activation);
        }
      }
    }
  }
}

/** The same with a kernel whose numbers are `wStep` apart along `from`, its taps `wTap`, and each sixteen of its units `wPanel`. */
function convolve(
  s: Convolution,
  phases: readonly Phase[],
  from: Side,
  to: Side,
  kernel: Float32Array,
  wStep: number,
  wUnit: number,
  bias: Float32Array | null,
  activation: Epilogue,
  wTap: number = (s.channels / s.groups) * s.units,
  wPanel: number = 16 * wUnit,
): void {
  const byChannel = isDepthwise(s);
  const { part } = from;
  convolveWith(s, phases, from, to, bias, activation, ({ y, x }, count, k, g) => {
    const w = g * (s.units / s.groups);
    if (x.tapStep === 1 && !byChannel) {
      addProduct(count, to.part, k, columns, 0, k, 1, kernel, w, wStep, wUnit, sums, 0, to.part, wPanel);
      return;
    }
    for (let ty = 0, at = 0; ty < y.taps; ty++) {
      for (let tx = 0; tx < x.taps; tx++, at += part) {
        const tapAt = w + wTap * tapOf(s, { y, x }, ty, tx);
        if (byChannel) addByChannel(count, part, k, at, kernel, tapAt);
        else addProduct(count, to.part, part, columns, at, k, 1, kernel, tapAt, wStep, wUnit, sums, 0, to.part);
      }
    }
  });
}

/** Which of the kernel's taps a tap of a phase is. */
export const tapOf = (s: Convolution, { y, x }: Phase, ty: number, tx: number): number =>
  (y.tap + ty * y.tapStep) * s.kernelWidth + x.tap + tx * x.tapStep;

/** Whether rows of any phase fit. */
export const isNarrow = (s: Convolution): boolean =>
  positionsOf(s.kernelHeight * s.kernelWidth * Math.max(s.channels, s.units)) > 0;

export const convolution: ConvolutionKernels<Float32Array> = {
  conv2d: (s, x, kernel, bias, activation, y) => {
    if (isNarrow(s)) convolve(s, [phaseOf(s)], inner(s, x), outer(s, y), kernel, s.units, 1, bias, activation);
    else reference.conv2d(s, x, kernel, bias, activation, y);
  },

  conv2dPanels: (s, x, packed, bias, activation, y) => {
    if (!isNarrow(s)) {
      reference.conv2dPanels(s, x, packed, bias, activation, y);
      return;
    }
    const wTap = 16 * s.channels;
    const wPanel = s.kernelHeight * s.kernelWidth * wTap;
    convolve(s, [phaseOf(s)], inner(s, x), outer(s, y), packed, 16, 1, bias, activation, wTap, wPanel);
  },

  conv2dTransposed: (s, y, kernel, bias, activation, x) => {
    if (isNarrow(s)) convolve(s, transposedPhases(s), outer(s, y), inner(s, x), kernel, 1, s.units, bias, activation);
    else reference.conv2dTransposed(s, y, kernel, bias, activation, x);
  },

  conv2dKernelGrad: (s, x, dy, dKernel) => {
    if (!isNarrow(s)) {
      reference.conv2dKernelGrad(s, x, dy, dKernel);
      return;
    }
    const phase = phaseOf(s);
    const from = inner(s, x);
    const each = s.units / groupsOf(s);
    const k = s.kernelHeight * s.kernelWidth * from.part;
    const most = positionsOf(k);
    const all = s.outHeight * s.outWidth;
    clear((s.kernelHeight * s.kernelWidth * s.channels * s.units) / s.groups, dKernel, 0);
    for (let n = 0; n < s.batch; n++) {
      for (let g = 0; g < groupsOf(s); g++) {
        for (let first = 0; first < all; first += most) {
          const count = Math.min(most, all - first);
          gather(phase, from, n * from.perImage + g * from.part, first, count);
          const at = (n * all + first) * s.units + g * each;
          if (isDepthwise(s)) addKernelGradByChannel(count, s.channels, k, dy, at, dKernel);
          else addProduct(k, each, count, columns, 0, 1, k, dy, at, s.units, 1, dKernel, g * each, s.units);
        }
      }
    }
  },
};
