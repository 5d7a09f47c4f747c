import type { Convolution } from '../../kernels/interface/convolution.ts';
import type { Epilogue } from '../../kernels/interface/products.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { elementsOf } from '../base/shape.ts';
import { ACTIVATION_FACTS } from '../graph/activation.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { DenseName, DenseStored, EncodingOf } from '../graph/encoding.ts';
import type { Integers } from '../graph/encoding-facts.ts';
import { integersOf } from '../graph/encodings.ts';
import { boundsOf } from '../graph/fact.ts';
import { columnFactors, columnScales, foldedBias, type Multiplier, multiplierOf } from '../graph/integers.ts';
import { levelsOf } from '../graph/levels.ts';
import { powerOfTwo } from '../graph/powers.ts';
import { dynamicOf } from '../graph/validate.ts';
import { EMIT } from '../infer/emit.ts';
import { copied, transposedOf } from '../infer/emit-reals.ts';
import { activating, convolutionOf, type EmitRows, finishing, type Place, type Site } from '../infer/site.ts';

/**
 * A layer that multiplies with a kernel, as exported code does it: each number of the result is a sum that is finished at
 * once, so that there is no memory for sums.
 */
export interface Product {
  /** Name of the node. */
  readonly name: string;
  readonly extent: Extent;
  readonly kernel: ProductKernel;
  readonly finish: Finish;
}

/** What is multiplied with what. Of one sample. */
export type Extent =
  /** x [rows, terms] with a kernel [terms, units]. */
  | { readonly kind: 'dense'; readonly rows: number; readonly terms: number; readonly units: number }
  /** `conv2d`, a kernel [kernelHeight, kernelWidth, channels/groups, units]. */
  | { readonly kind: 'conv'; readonly windows: Convolution }
  /** `conv2dTransposed`: `windows` goes from the result to x; a kernel [kernelHeight, kernelWidth, channels, units]. */
  | { readonly kind: 'transposed'; readonly windows: Convolution };

/** The numbers of a kernel, in the order of its axes, and how sums start. */
export type ProductKernel =
  /**
   * int32 sums of (x - zeroPoint)·values, which may wrap on the way; what is outside of an image is the zero point. Null is that
   * of the sample, which `quantizeRows` left.
   */
  | { readonly type: 'int8'; readonly values: Int8Array; readonly zeroPoint: number | null }
  /** float32 sums from +0 over the terms in order, each product and each sum rounded; what is outside of an image is +0. */
  | { readonly type: 'float32'; readonly values: Float32Array; readonly held: Held };

/** What float32 numbers of a kernel are made of, one each, in the order of its axes. */
export type Held =
  | { readonly as: 'float32'; readonly numbers: Float32Array }
  /** level·scale, rounded: scales [⌈terms/group⌉, units] of a kernel [terms, units]. */
  | {
      readonly as: 'levels';
      readonly numbers: Int8Array | Int16Array;
      readonly group: number;
      readonly scales: Float32Array;
    }
  /** Bits of binary16, or the upper halves of float32. */
  | { readonly as: 'float16' | 'bfloat16'; readonly numbers: Uint16Array };

/** What becomes of the sum of a unit. Arrays have a number a unit. */
export type Finish =
  /** `requantize`: int8. */
  | {
      readonly kind: 'requantize';
      readonly bias: Int32Array;
      readonly scales: Float32Array;
      readonly zeroPoint: number;
      readonly low: number;
      readonly high: number;
    }
  /** `requantizeWhole`: int8, in whole numbers alone. */
  | {
      readonly kind: 'whole';
      readonly bias: Int32Array;
      readonly multipliers: Int32Array;
      readonly shifts: Int32Array;
      readonly zeroPoint: number;
      readonly low: number;
      readonly high: number;
    }
  /** `dequantizeColumns`: float32. */
  | { readonly kind: 'dequantize'; readonly bias: Int32Array; readonly scales: Float32Array }
  /** sum·(scale of the sample·scales), each rounded, and the bias: float32. */
  | { readonly kind: 'dynamic'; readonly scales: Float32Array; readonly bias: Float32Array | null }
  /** The bias after the sum, then the activation, each rounded: float32. */
  | { readonly kind: 'real'; readonly bias: Float32Array | null; readonly activation: Epilogue };

/** What a `product` reads besides its own numbers, and leaves. */
export type ProductCall = (
  product: Product,
  x: Float32Array | Int8Array,
  /** Of a dynamic product what `quantizeRows` left: a scale and a zero point. */
  scale: Float32Array | null,
  zeroPoint: Int32Array | null,
  y: Float32Array | Int8Array,
) => void;

/** The kernels, with one for products, and one that computes nothing: it says what the numbers of a table are made of. */
export interface ExportKernels extends Kernels {
  readonly product: ProductCall;
  readonly holds: (table: Float32Array, held: Held) => void;
}

type Kind = 'dense' | 'conv' | 'convTranspose';

const heldBy = (k: Kernels): ExportKernels['holds'] => (k as ExportKernels).holds;
const productOf = (k: Kernels): ProductCall => (k as ExportKernels).product;

/** One row an operation: what it multiplies with what. */
const EXTENTS: { readonly [K in Kind]: (site: Site<K>) => Extent } = {
  dense: ({ inputs: [x], output: { shape } }) => ({
    kind: 'dense',
    rows: elementsOf(x.shape.slice(0, -1)),
    terms: x.shape.at(-1)!,
    units: shape.at(-1)!,
  }),
  conv: (site) => ({ kind: 'conv', windows: convolutionOf(site)(1) }),
  convTranspose: (site) => ({ kind: 'transposed', windows: transposedOf(site)(1) }),
};

const extentOf = (site: Site<Kind>): Extent => (EXTENTS[site.node.op] as (site: Site<Kind>) => Extent)(site);

/** A layer of integers, whose sums become int8, or real numbers that an activation may follow. */
function ofIntegers(site: Site<Kind>): void {
  const { node, inputs, output: y, scratch, step } = site;
  const [x] = inputs;
  const product = site.product!;
  const { activation, rule } = node.attrs;
  const isInt8 = y.format !== null;
  const kernel: ProductKernel = {
    type: 'int8',
    values: product.kernel.values,
    zeroPoint: product.isCentred ? x.format!.zeroPoint : 0,
  };
  const bias = foldedBias(product);
  const made = { name: node.name, extent: extentOf(site), kernel };
  if (isInt8) {
    const [low, high] = boundsOf(activation, y.format!);
    const rest = { bias, zeroPoint: y.format!.zeroPoint, low, high };
    const finish: Finish =
      rule !== 'multiplier'
        ? { kind: 'requantize', scales: columnScales(product), ...rest }
        : { kind: 'whole', ...wholes(columnFactors(product).map(multiplierOf)), ...rest };
    step((k) => productOf(k)({ ...made, finish }, x.bytes.array, null, null, y.bytes.array));
    return;
  }
  const real = ACTIVATION_FACTS[activation.name].isElementwise ? y.real : scratch('float32', y.size);
  const finish: Finish = { kind: 'dequantize', bias, scales: columnScales(product) };
  step((k) => productOf(k)({ ...made, finish }, x.bytes.array, null, null, real.array));
  if (activation.name !== 'linear') step(activating(activation, y.shape, real, y.real));
}

const wholes = (factors: readonly Multiplier[]): { multipliers: Int32Array; shifts: Int32Array } => ({
  multipliers: Int32Array.from(factors, ({ multiplier }) => multiplier),
  shifts: Int32Array.from(factors, ({ shift }) => shift),
});

/** A layer of real numbers that makes int8 of each sample by its own range. */
function ofDynamic(site: Site<Kind>): void {
  const { node, inputs, output: y, scratch, step, weights } = site;
  const [x] = inputs;
  const { activation } = node.attrs;
  const { encoding, shape } = weights.kernel!;
  const { values, scales } = integersOf(encoding, shape) as Integers;
  const q = scratch('int8', x.size);
  const zeroPoint = scratch('int32', 1);
  const scale = scratch('float32', 1, 1);
  const real = ACTIVATION_FACTS[activation.name].isElementwise ? y.real : scratch('float32', y.size, 2);
  const finish: Finish = { kind: 'dynamic', scales, bias: realsOf(site, 'bias') };
  const kernel: ProductKernel = { type: 'int8', values, zeroPoint: null };
  const product: Product = { name: node.name, extent: extentOf(site), kernel, finish };
  step((k) => {
    k.quantizeRows(1, x.size, x.real.array, scale.array, zeroPoint.array, q.array);
    productOf(k)(product, q.array, scale.array, zeroPoint.array, real.array);
  });
  if (activation.name !== 'linear') step(activating(activation, y.shape, real, y.real));
}

const realsOf = ({ weights }: Site, role: string): Float32Array | null =>
  weights[role] === undefined ? null : (decodeWeight(weights[role]!) as Float32Array);

function ofReals(site: Site<Kind>): void {
  const { node, inputs, output } = site;
  const [x] = inputs;
  const kernel: ProductKernel = {
    type: 'float32',
    values: realsOf(site, 'kernel')!,
    held: heldIn(site.weights.kernel!),
  };
  const bias = realsOf(site, 'bias');
  const extent = extentOf(site);
  finishing(node.attrs.activation, output, site, (k, _, activation, sums: Place<'float32'>) =>
    productOf(k)(
      { name: node.name, extent, kernel, finish: { kind: 'real', bias, activation } },
      x.real.array,
      null,
      null,
      sums.array,
    ),
  );
}

type HeldIn<E extends DenseName> = (encoding: EncodingOf<E>, weight: DenseStored) => Held;

/** One row an encoding. */
const HELD: { readonly [E in DenseName]: HeldIn<E> } = {
  float32: ({ values }) => ({ as: 'float32', numbers: values }),
  float64: (_, weight) => decoded(weight),
  palette: (_, weight) => decoded(weight),
  hashed: (_, weight) => decoded(weight),
  int32: (_, weight) => decoded(weight),
  float16: ({ values }) => ({ as: 'float16', numbers: values }),
  bfloat16: ({ values }) => ({ as: 'bfloat16', numbers: values }),
  int8: ({ values, scales }) => ({ as: 'levels', numbers: values, group: Math.max(1, values.length), scales }),
  fixed: ({ values, fraction }, { shape }) => ({
    ...{ as: 'levels', numbers: values, group: Math.max(1, values.length) },
    scales: new Float32Array(shape.at(-1) ?? 1).fill(powerOfTwo(-fraction)),
  }),
  levels: (encoding, { shape }) => {
    const levels = levelsOf(encoding, shape);
    const isSmall = levels.every((level) => level >= -128 && level <= 127);
    const numbers = isSmall ? Int8Array.from(levels) : Int16Array.from(levels);
    return { as: 'levels', numbers, group: encoding.group, scales: encoding.scales };
  },
};

const decoded = (weight: DenseStored): Held => ({ as: 'float32', numbers: decodeWeight(weight) as Float32Array });

const heldIn = (weight: DenseStored): Held =>
  (HELD[weight.encoding.type] as HeldIn<DenseName>)(weight.encoding, weight);

const row = (site: Site<Kind>): void => {
  if (dynamicOf(site.node)) ofDynamic(site);
  else if (site.product !== null) ofIntegers(site);
  else ofReals(site);
};

/** The rows of layers with a kernel, as one call each, and of tables, of which it is said what they are made of. */
export const PRODUCTS: EmitRows<Kind | 'embedding'> = {
  embedding(site) {
    const { weights, output, step } = site;
    if (output.format === null) {
      const table = copied(site, 'embeddings')!;
      const held = heldIn(weights.embeddings!);
      step((k) => heldBy(k)(table.array, held));
    }
    EMIT.embedding(site);
  },
  dense: row as (site: Site<'dense'>) => void,
  conv: row as (site: Site<'conv'>) => void,
  convTranspose: row as (site: Site<'convTranspose'>) => void,
};
