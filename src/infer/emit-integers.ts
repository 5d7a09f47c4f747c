import type { Kernels } from '../../kernels/kernels.ts';
import { packedBytes, packedLength } from '../../kernels/packing.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { type Steps, windowOf } from '../base/window.ts';
import { ACTIVATION_FACTS } from '../graph/activation.ts';
import { boundsOf, ratioOf } from '../graph/fact.ts';
import { columnScales, foldedBias, type IntegerProduct } from '../graph/integers.ts';
import { activating, addInto, convolutionOf, type Operand, type Place, type Site, type Step } from './site.ts';

/** The steps of nodes that read or give int8. */

export const toReal = (k: Kernels, samples: number, { size, format, bytes }: Operand, y: Place<'float32'>): void =>
  k.dequantize(samples * size, bytes.array, format!.scale, format!.zeroPoint, y.array);

function toBytes(k: Kernels, n: number, x: Place<'float32'>, { format }: Operand, y: Place<'int8'>): void {
  k.quantize(n, x.array, format!.scale, format!.zeroPoint, y.array);
}

/** Leaves int32 sums of so many samples, or the integers that they become. */
type Summing = (k: Kernels, samples: number, sums: Int32Array) => void;
type Requantizing = (
  k: Kernels,
  samples: number,
  bias: Int32Array,
  ...rest: [scales: Float32Array, zeroPoint: number, low: number, high: number, y: Int8Array]
) => void;

/** A product of integers: int32 sums, multiplied to real numbers that an activation follows, or straight to integers. */
function multiply(
  { node, output: y, constants, scratch, step }: Site<'dense' | 'conv'>,
  product: IntegerProduct,
  sum: Summing,
  requantize: Requantizing,
): void {
  const { activation } = node.attrs;
  const bias = constants('int32', foldedBias(product));
  const scales = constants('float32', columnScales(product));
  if (y.format !== null) {
    const { zeroPoint } = y.format;
    const [low, high] = boundsOf(activation, y.format);
    step((k, samples) => requantize(k, samples, bias.array, scales.array, zeroPoint, low, high, y.bytes.array));
    return;
  }
  const rows = elementsOf(y.shape.slice(0, -1));
  const units = y.shape.at(-1)!;
  const sums = scratch('int32', y.size);
  const real = ACTIVATION_FACTS[activation.name].isElementwise ? y.real : scratch('float32', y.size);
  step((k, samples) => {
    sum(k, samples, sums.array);
    k.dequantizeColumns(samples * rows, units, sums.array, bias.array, scales.array, real.array);
  });
  if (activation.name !== 'linear') step(activating(activation, y.shape, real, y.real));
}

export function integerDense(site: Site<'dense'>, product: IntegerProduct): void {
  const {
    inputs: [x],
    output: y,
    packed,
    scratch,
  } = site;
  const terms = x.shape.at(-1)!;
  const units = y.shape.at(-1)!;
  const rows = elementsOf(x.shape.slice(0, -1));
  const own = product.kernel;
  const kernel = packed(own, packedBytes(terms, units), (k, to) => k.packInt8(terms, units, own.values, to));
  const sums = scratch('int32', y.size);
  const sum: Summing = (k, samples, to) => k.gemmInt8(samples * rows, units, terms, x.bytes.array, kernel.array, to);
  multiply(site, product, sum, (k, samples, ...rest) => {
    sum(k, samples, sums.array);
    k.requantize(samples * rows, units, sums.array, ...rest);
  });
}

export function integerConv(site: Site<'conv'>, product: IntegerProduct): void {
  const {
    node,
    inputs: [x],
    packed,
  } = site;
  const windows = convolutionOf(site);
  const one = windows(1);
  // How the numbers of a kernel lie depends on these as well
  const what = `${node.weights.kernel} ${one.groups} ${one.dilationX}`;
  const kernel = packed(what, packedLength(one), (k, to) => k.packConvInt8(one, product.kernel.values, to));
  const { zeroPoint } = x.format!;
  multiply(
    site,
    product,
    (k, samples, sums) => k.conv2dInt8(windows(samples), x.bytes.array, zeroPoint, kernel.array, sums),
    (k, samples, ...rest) => k.conv2dRequantized(windows(samples), x.bytes.array, zeroPoint, kernel.array, ...rest),
  );
}

/** The largest or the mean of windows of `taps`. */
export function integerPool(
  { node, inputs: [x], output: y, step }: Site<'pool' | 'globalPool'>,
  taps: Shape,
  steps: Steps,
): void {
  const spatial = x.shape.slice(0, -1);
  const channels = x.shape.at(-1)!;
  const from = x.format!;
  const to = y.format!;
  step((k, samples) => {
    const s = windowOf(samples, spatial, taps, steps);
    if (node.attrs.kind === 'max') k.maxPoolInt8(s, channels, x.bytes.array, y.bytes.array);
    else k.avgPoolInt8(s, channels, x.bytes.array, from.zeroPoint, ratioOf(from, to), to.zeroPoint, y.bytes.array);
  });
}

export function integerAdd({ inputs: [first, ...others], output: y, scratch, step }: Site<'add'>): void {
  if (others.length === 1) {
    const { scale, zeroPoint } = y.format!;
    step((k, samples) =>
      k.addInt8(samples * y.size, ...codesOf(first), ...codesOf(others[0]!), scale, zeroPoint, y.bytes.array),
    );
    return;
  }
  const sum = scratch('float32', y.size, 0);
  const term = scratch('float32', y.size, 1);
  step((k, samples) => {
    toReal(k, samples, first, sum);
    for (const x of others) {
      toReal(k, samples, x, term);
      addInto(k, samples * y.size, sum, term, sum);
    }
    toBytes(k, samples * y.size, sum, y, y.bytes);
  });
}

const codesOf = ({ bytes, format }: Operand): [Int8Array, number, number] => [
  bytes.array,
  format!.scale,
  format!.zeroPoint,
];

/** `x` in the format of `y`, at a place for as many numbers. */
export function inFormat(x: Operand, y: Operand, to: Place<'int8'>, scratch: Site['scratch']): Step {
  const real = x.format === null ? x.real : scratch('float32', x.size);
  return (k, samples) => {
    if (x.format !== null) toReal(k, samples, x, real);
    toBytes(k, samples * x.size, real, y, to);
  };
}
