import { elementsOf, type Shape, sameShape } from '../../base/shape.ts';
import type { ActivationSpec } from '../../graph/activation.ts';
import { sameFormat } from '../../graph/fact.ts';
import type { MeanRule, PoolKind } from '../../graph/graph.ts';
import { bare, type Call, type Held } from './call.ts';
import { stepsOf } from './read-products.ts';
import type { Options } from './schema.ts';

/** Operators without weights. */

export const activation =
  (name: ActivationSpec['name']) =>
  (call: Call): void =>
    activate(call, { name });

function activate(call: Call, activation: ActivationSpec, x: Held = call.value(0)): void {
  call.node('activation', [x], { activation }, { origin: activation.name === 'sigmoid' ? { gate: x } : {} });
}

export function softmax(call: Call, { beta }: Options['softmax']): void {
  if (beta !== 1) call.refuse(`multiplies by ${beta} first, and networks have a softmax without it`);
  activate(call, { name: 'softmax' }, call.rows(0));
}

export const logSoftmax = (call: Call): void => activate(call, { name: 'logSoftmax' }, call.rows(0));

export const leakyRelu = (call: Call, { alpha }: Options['leakyRelu']): void =>
  activate(call, { name: 'leakyRelu', alpha });

export const gelu = (call: Call, { approximate }: Options['gelu']): void =>
  activate(call, { name: approximate ? 'geluTanh' : 'gelu' });

/** int8 of real numbers or of int8 in another format; a mean of int8 gives that format itself. */
export function quantize(call: Call): void {
  const x = call.value(0);
  const { format } = call.result();
  if (format === null) call.refuse('gives real numbers');
  if (sameFormat(x.format, format)) call.alias(x);
  else if (x.mean !== undefined) x.mean(call);
  else {
    call.node('quantize', [x], {});
    call.followInput(x);
  }
}

/** Real numbers of int8 values; of constants, which stay as they are. */
export function dequantize(call: Call): void {
  if (call.isConstant(0)) {
    call.setConstant({ ...call.constant(0), isReal: true });
    return;
  }
  const x = call.value(0);
  if (x.format === null) call.refuse('reads real numbers');
  call.node('dequantize', [x], {}, { origin: { whole: x } });
}

/**
 * Another shape. What networks have of it: all axes as one, axes of 1 that come or go, and an input that comes as what it is made to.
 * The result says what it becomes.
 */
export function reshape(call: Call): void {
  const x = call.value(0);
  const { shape } = call.result();
  if (elementsOf(shape) !== elementsOf(x.shape)) call.refuse(`makes [${shape.join(', ')}] of [${x.shape.join(', ')}]`);
  const isAlike = sameShape(bare(shape), bare(x.shape)) && shape.at(-1) === x.shape.at(-1);
  if (x.shape.length === 1 && isAlike) call.alias(x);
  else if (shape.length === 1) call.alias(call.flattened(x, true));
  else if (isAlike) call.alias(x);
  else call.alias(call.reshapedInput(x, shape));
}

/** The largest, or the mean, of windows. */
export const pool =
  (kind: PoolKind) =>
  (call: Call, options: Options['pool']): void => {
    const { axes, ...x } = call.image(0);
    const fused = call.fused(options.fusedActivation);
    const size = [options.filterHeight, options.filterWidth];
    const attrs = { kind, size: size.slice(-axes), ...stepsOf(call, axes, size[0]!, options) };
    const from = x.format === null ? x.whole && { ...x.whole, shape: x.shape } : x;
    const mean = (to: Call): void => to.node('pool', [from!], attrs);
    // Codes of uint8 are none below 0, so that halves among them all go up
    const { type, format } = call.result();
    const isRuled = kind === 'average' && type === 'int8' && sameFormat(x.format, format);
    const rule: MeanRule = isRuled ? call.rule(format, 'multiplier') : {};
    call.node(
      'pool',
      [x],
      { ...attrs, ...rule },
      { fused, origin: kind === 'average' && from !== undefined ? { mean } : {} },
    );
  };

/** The largest, or the mean, of all places of each channel. */
export const globalPool =
  (kind: PoolKind) =>
  (call: Call): void => {
    const { axes, ...x } = call.image(0);
    const rank = call.inputRank(0);
    const over = new Set(call.integers(1).map((axis) => (axis < 0 ? axis + rank : axis)));
    const places = Array.from({ length: axes }, (_, i) => rank - 2 - i);
    const isWhole = places.every((axis) => over.has(axis)) && [...over].every((axis) => axis > 0 && axis < rank - 1);
    if (!isWhole) call.refuse(`goes over the axes ${[...over].join(', ')}, and networks over all places of an image`);
    call.node('globalPool', [x], { kind });
  };

/** Zeros around an image or a sequence. */
export function pad(call: Call): void {
  const { axes, ...x } = call.image(0);
  const rank = call.inputRank(0);
  const pairs = pairsOf(call.integers(1));
  const widths = pairs.slice(-axes - 1, -1);
  const isOutside = pairs.some(([a, b], axis) => (axis < rank - 1 - axes || axis === rank - 1) && a + b !== 0);
  if (pairs.length !== rank || isOutside || pairs.flat().some((n) => n < 0))
    call.refuse(`puts zeros [${pairs.join('], [')}] around, and networks around places alone`);
  call.node('zeroPad', [x], { widths });
}

const pairsOf = (list: readonly number[]): (readonly [number, number])[] =>
  Array.from({ length: list.length >> 1 }, (_, i) => [list[2 * i]!, list[2 * i + 1]!] as const);

/** Values side by side. */
export function concatenation(call: Call, { axis, fusedActivation }: Options['concatenation']): void {
  const parts = Array.from({ length: call.count }, (_, i) => call.rows(i));
  const rank = call.inputRank(0);
  if (axis !== -1 && axis !== rank - 1) call.refuse(`joins along axis ${axis}, and networks along the last`);
  call.node('concat', parts, {}, { fused: call.fused(fusedActivation) });
}

/** The parts of the last axis, of these widths. */
function parts(call: Call, x: Held, widths: readonly number[]): void {
  if (widths.length !== call.outputCount) call.refuse(`has ${call.outputCount} results for ${widths.length} parts`);
  let from = 0;
  for (const [to, width] of widths.entries()) {
    call.node('split', [x], { from, to: from + width }, { to, format: call.result(to).format });
    from += width;
  }
}

function checkLast(call: Call, axis: number | undefined, i: number): void {
  const rank = call.inputRank(i);
  if (axis !== -1 && axis !== rank - 1) call.refuse(`parts along axis ${axis}, and networks along the last`);
}

export function split(call: Call, { numSplits }: Options['split']): void {
  const x = call.rows(1);
  checkLast(call, call.integers(0)[0], 1);
  const n = call.outputCount;
  if (numSplits !== n) call.refuse(`has ${n} results for ${numSplits} parts`);
  parts(call, x, Array<number>(n).fill(x.shape.at(-1)! / n));
}

export function splitV(call: Call): void {
  const x = call.rows(0);
  checkLast(call, call.integers(2)[0], 0);
  const sizes = call.integers(1);
  const known = sizes.reduce((sum, n) => sum + Math.max(n, 0), 0);
  parts(
    call,
    x,
    sizes.map((n) => (n < 0 ? x.shape.at(-1)! - known : n)),
  );
}

/** A part of the last axis that leaves all others whole: from `begin` to before `end`, in numbers of the axis. */
function part(call: Call, x: Held, begin: readonly number[], end: readonly number[]): void {
  const from = begin.at(-1);
  const to = end.at(-1);
  if (from === undefined || to === undefined) call.refuse('reads a value without axes');
  call.node('split', [x], { from, to });
}

export function stridedSlice(call: Call, options: Options['stridedSlice']): void {
  const x = call.rows(0);
  const { ellipsisMask, newAxisMask, shrinkAxisMask, offset, beginMask, endMask } = options;
  const sizes = call.inputShape(0);
  const begin = call.integers(1);
  const end = call.integers(2);
  const isPlain =
    call.integers(3).every((step) => step === 1) && begin.length === sizes.length && end.length === sizes.length;
  if (!isPlain || ellipsisMask !== 0 || newAxisMask !== 0 || shrinkAxisMask !== 0 || offset !== 0)
    call.refuse('takes another part than one of the last axis');
  const placed = (list: readonly number[], mask: number, open: (size: number) => number): number[] =>
    sizes.map((size, i) => {
      const n = list[i]!;
      return (mask >> i) & 1 ? open(size) : Math.min(Math.max(n < 0 ? n + size : n, 0), size);
    });
  const from = placed(begin, beginMask, () => 0);
  const to = placed(end, endMask, (size) => size);
  checkWhole(call, sizes, from, to);
  part(call, x, from, to);
}

export function slice(call: Call): void {
  const x = call.rows(0);
  const sizes = call.inputShape(0);
  const from = call.integers(1);
  const to = call.integers(2).map((n, i) => (n < 0 ? (sizes[i] ?? 0) : (from[i] ?? 0) + n));
  checkWhole(call, sizes, from, to);
  part(call, x, from, to);
}

function checkWhole(call: Call, sizes: Shape, from: readonly number[], to: readonly number[]): void {
  const isWhole = sizes.slice(0, -1).every((size, i) => from[i] === 0 && to[i] === size);
  if (!isWhole || from.length !== sizes.length || to.length !== sizes.length)
    call.refuse('takes another part than one of the last axis');
}

/** Each position some times: the nearest neighbour in an image that is larger by whole factors. */
export function resizeNearest(call: Call, { alignCorners }: Options['resize']): void {
  const { axes, ...x } = call.image(0);
  if (alignCorners) call.refuse('aligns corners, and networks repeat each position');
  const sizes = call.integers(1).slice(-axes);
  const factors = x.shape.slice(0, -1).map((n, axis) => sizes[axis]! / n);
  if (!factors.every((factor) => Number.isInteger(factor) && factor > 0))
    call.refuse(`makes [${sizes.join(', ')}] of [${x.shape.join(', ')}], and networks repeat each position as often`);
  call.node('upsample', [x], { factors });
}

/** Rows of a table. */
export function gather(call: Call, { axis, batchDims }: Options['gather']): void {
  const table = call.constant(0);
  if (axis !== 0 || batchDims !== 0 || table.shape.length !== 2 || table.type === 'int8' || table.type === 'int32')
    call.refuse('takes other numbers than rows of a table of real numbers');
  call.node('embedding', [call.value(1)], {}, { weights: { embeddings: call.weight('embeddings', table, [0, 1]) } });
}
