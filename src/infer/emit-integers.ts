import type { Convolution } from '../../kernels/interface/convolution.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { packedBytes, packedLength } from '../../kernels/packing.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { type Steps, windowOf } from '../base/window.ts';
import { ACTIVATION_FACTS } from '../graph/activation.ts';
import { boundsOf, ratioOf } from '../graph/fact.ts';
import { columnScales, foldedBias, type IntegerProduct } from '../graph/integers.ts';
import {
  activating,
  addInto,
  convolutionOf,
  type EmitRows,
  type Operand,
  ones,
  type Place,
  type Site,
  type Step,
  type Summing,
} from './site.ts';

/** The steps of nodes that read or give int8. */

export const toReal = (k: Kernels, samples: number, { size, format, bytes }: Operand, y: Place<'float32'>): void =>
  k.dequantize(samples * size, bytes.array, format!.scale, format!.zeroPoint, y.array);

export function toBytes(k: Kernels, n: number, x: Place<'float32'>, { format }: Operand, y: Place<'int8'>): void {
  k.quantize(n, x.array, format!.scale, format!.zeroPoint, y.array);
}

/** Leaves the integers that int32 sums of so many samples become. */
type Requantizing = (
  k: Kernels,
  samples: number,
  bias: Int32Array,
  ...rest: [scales: Float32Array, zeroPoint: number, low: number, high: number, y: Int8Array]
) => void;

/**
 * A product of integers: int32 sums, multiplied to real numbers that an activation follows, or to integers, by `requantize`
 * without a place for the sums.
 */
export function multiply(
  { node, output: y, constants, scratch, step, requantized }: Site<'dense' | 'conv' | 'convTranspose'>,
  product: IntegerProduct,
  sum: Summing,
  requantize?: Requantizing,
): void {
  if (requantized) {
    requantized(product, sum);
    return;
  }
  const { activation } = node.attrs;
  const bias = constants('int32', foldedBias(product));
  const scales = constants('float32', columnScales(product));
  const rows = elementsOf(y.shape.slice(0, -1));
  const units = y.shape.at(-1)!;
  const sums = y.format === null || requantize === undefined ? scratch('int32', y.size) : null;
  if (y.format !== null) {
    const { zeroPoint } = y.format;
    const [low, high] = boundsOf(activation, y.format);
    step((k, samples) => {
      const rest = [bias.array, scales.array, zeroPoint, low, high, y.bytes.array] as const;
      if (requantize) return requantize(k, samples, ...rest);
      sum(k, samples, sums!.array);
      k.requantize(samples * rows, units, sums!.array, ...rest);
    });
    return;
  }
  const real = ACTIVATION_FACTS[activation.name].isElementwise ? y.real : scratch('float32', y.size);
  step((k, samples) => {
    sum(k, samples, sums!.array);
    k.dequantizeColumns(samples * rows, units, sums!.array, bias.array, scales.array, real.array);
  });
  if (activation.name !== 'linear') step(activating(activation, y.shape, real, y.real));
}

/** A kernel [terms, units] as `gemmInt8` reads it. */
export const packedMatrix = (
  { node, packed }: Pick<Site, 'node' | 'packed'>,
  terms: number,
  units: number,
  values: Int8Array,
): Place<'int8'> =>
  packed(`${node.weights.kernel} bytes`, 'int8', packedBytes(terms, units), (k, to) =>
    k.packInt8(terms, units, values, to),
  );

/** A kernel as `conv2dInt8` reads it; how its numbers lie depends on groups and dilation as well. */
export const packedTaps = (
  { node, packed }: Pick<Site, 'node' | 'packed'>,
  s: Convolution,
  values: Int8Array,
): Place<'int8'> =>
  packed(`${node.weights.kernel} ${s.groups} ${s.dilationX}`, 'int8', packedLength(s), (k, to) =>
    k.packConvInt8(s, values, to),
  );

function integerDense(site: Site<'dense'>, product: IntegerProduct): void {
  const {
    inputs: [x],
    output: y,
  } = site;
  const terms = x.shape.at(-1)!;
  const units = y.shape.at(-1)!;
  const rows = elementsOf(x.shape.slice(0, -1));
  const kernel = packedMatrix(site, terms, units, product.kernel.values);
  multiply(site, product, (k, samples, sums) =>
    k.gemmInt8(samples * rows, units, terms, x.bytes.array, kernel.array, sums),
  );
}

function integerConv(site: Site<'conv'>, product: IntegerProduct): void {
  const [x] = site.inputs;
  const windows = convolutionOf(site);
  const { zeroPoint } = x.format!;
  const kernel = packedTaps(site, windows(1), product.kernel.values);
  multiply(
    site,
    product,
    (k, samples, sums) => k.conv2dInt8(windows(samples), x.bytes.array, zeroPoint, kernel.array, sums),
    (k, samples, ...rest) => k.conv2dRequantized(windows(samples), x.bytes.array, zeroPoint, kernel.array, ...rest),
  );
}

/** The largest or the mean of windows of `taps`. */
function integerPool(
  { node, inputs: [x], output: y, step }: Site<'pool' | 'globalPool'>,
  taps: Shape,
  steps: Steps,
): void {
  const spatial = x.shape.slice(0, -1);
  const channels = x.shape.at(-1)!;
  const from = x.format!;
  const to = y.format!;
  const { kind, rule } = node.attrs;
  step((k, samples) => {
    const s = windowOf(samples, spatial, taps, steps);
    if (kind === 'max') k.maxPoolInt8(s, channels, x.bytes.array, y.bytes.array);
    else if (rule) k.avgPoolInt8Whole(s, channels, x.bytes.array, y.bytes.array);
    else k.avgPoolInt8(s, channels, x.bytes.array, from.zeroPoint, ratioOf(from, to), to.zeroPoint, y.bytes.array);
  });
}

function integerAdd({ inputs: [first, ...others], output: y, scratch, step }: Site<'add'>): void {
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

/** The steps of operations that compute with int8, and give int8 or real numbers. */
export const INTEGERS: EmitRows<'dense' | 'conv' | 'pool' | 'globalPool' | 'add'> = {
  dense: (site) => integerDense(site, site.product!),
  conv: (site) => integerConv(site, site.product!),
  pool(site) {
    const { size, strides, padding } = site.node.attrs;
    integerPool(site, size, { strides, padding, dilations: ones(size) });
  },
  globalPool(site) {
    const spatial = site.inputs[0].shape.slice(0, -1);
    integerPool(site, spatial, { strides: spatial, padding: 'valid', dilations: ones(spatial) });
  },
  add: integerAdd,
};
