import { cpu, type Kernels } from 'whittle-ml/kernels';
import { type Format, formatOf, integerKernel } from './image-int8.ts';
import { type OperationProblem, sizesOf, windowOf } from './operation.ts';
import { CheckError } from './row.ts';
import type { Place } from './tables.ts';

/** Operations that there are in integers. */
export type IntegerKind = 'conv2d' | 'depthwise' | 'maxPool' | 'avgPool';

/** What such an operation is given, made of its real numbers. Convolutions have no bias. */
export interface IntegerOperands {
  readonly x: Int8Array;
  readonly from: Format;
  /** Of convolutions, in the shape of the real kernel, with a scale for each unit; else empty. */
  readonly kernel: Int8Array;
  readonly scales: Float32Array;
  /** Of the result; a maximum has the format that it reads. */
  readonly to: Format;
}

export const isInteger = (kind: string): kind is IntegerKind =>
  kind === 'conv2d' || kind === 'depthwise' || kind === 'maxPool' || kind === 'avgPool';

/** `y` is the result in real numbers. */
export function integerOperandsOf(p: OperationProblem, y: Float32Array): IntegerOperands {
  const from = formatOf(p.x);
  const x = new Int8Array(p.x.length);
  cpu.quantize(x.length, p.x, from.scale, from.zeroPoint, x);
  const [kernel] = p.weights;
  const weights =
    kernel === undefined ? { kernel: new Int8Array(), scales: new Float32Array() } : integerKernel(kernel, p.units);
  return { x, from, ...weights, to: p.kind === 'maxPool' ? from : formatOf(y) };
}

/** Numbers that hold every packed kernel of these sizes. */
function roomOf({ size, channels, units, kind }: OperationProblem): number {
  const rows = size * (size * (kind === 'depthwise' ? 1 : channels) + 1);
  return 32 * Math.ceil(units / 16) * Math.ceil((rows + 1) / 2);
}

/** A call for the first `batch` images on arrays made beforehand, the kernel packed, and what it writes. */
export function integerOperationOn(
  k: Kernels,
  p: OperationProblem,
  operands: IntegerOperands,
  { hold }: Place,
): { readonly call: (batch: number) => void; readonly y: Int8Array } {
  const { from, to } = operands;
  const { channels } = p;
  const x = hold(operands.x);
  const y = hold(new Int8Array(sizesOf(p).y));
  const window = windowOf(p);
  const windows = new Map([1, p.batch].map((batch) => [batch, { ...window, batch }]));
  if (p.kind === 'maxPool') return { y, call: (batch) => k.maxPoolInt8(windows.get(batch)!, channels, x, y) };
  if (p.kind === 'avgPool') {
    const ratio = from.scale / to.scale;
    return {
      y,
      call: (batch) => k.avgPoolInt8(windows.get(batch)!, channels, x, from.zeroPoint, ratio, to.zeroPoint, y),
    };
  }
  const packed = hold(new Int8Array(roomOf(p)));
  k.packConvInt8(windows.get(1)!, hold(operands.kernel), packed);
  const bias = hold(new Int32Array(p.units));
  const scales = hold(operands.scales.map((scale) => Math.fround(scale * from.scale) / to.scale));
  const call = (batch: number): void =>
    k.conv2dRequantized(windows.get(batch)!, x, from.zeroPoint, packed, bias, scales, to.zeroPoint, -128, 127, y);
  return { y, call };
}

/** Throws CheckError unless each code is within `most` of the one expected. */
export function checkCodes(name: string, got: ArrayLike<number>, expected: Int8Array, most: number): void {
  if (got.length !== expected.length)
    throw new CheckError(`${name}: gives ${got.length} codes, should be ${expected.length}`);
  const at = expected.findIndex((code, i) => !(Math.abs(got[i]! - code) <= most));
  if (at >= 0) throw new CheckError(`${name}: code ${at} is ${got[at]}, should be ${expected[at]}`);
}
