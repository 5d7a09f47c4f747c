import type { ArrayOf } from '../../kernels/arrays.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { StateError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { ACTIVATION_FACTS, type ActivationSpec, activationOf, epilogueOf } from '../graph/activation.ts';
import type { EncodingOf } from '../graph/encoding.ts';
import { isIdle, sameFormat } from '../graph/facts.ts';
import type { Node, NodeOf, Op, QuantizationParams } from '../graph/graph.ts';
import { columnScales, foldedBias, type IntegerProduct } from '../graph/integers.ts';
import type { Buffer } from './buffers.ts';

/** One kernel call or more on the first `samples` samples, on the table given. */
export type Step = (kernels: Kernels, samples: number) => void;

export type SlotType = 'float32' | 'int8' | 'int32';

/** Where numbers lie at each run: ask for `array` anew. */
export interface Place<T extends SlotType> {
  readonly array: ArrayOf[T];
}

/** A value as steps see it. */
export interface Operand {
  readonly name: string;
  readonly shape: Shape;
  /** Numbers a sample. */
  readonly size: number;
  /** Null for real numbers, which lie in float32. */
  readonly format: QuantizationParams | null;
  /** Of float32 numbers. */
  readonly real: Place<'float32'>;
  /** Of int8 numbers. */
  readonly bytes: Place<'int8'>;
  /** Of those that it has. */
  readonly numbers: Place<'float32' | 'int8'>;
}

/** A node with all that its steps need. */
export interface Site<K extends Op = Op> {
  readonly node: NodeOf<K>;
  readonly inputs: readonly [Operand, ...Operand[]];
  readonly output: Operand;
  /** The product that a node makes of integers; null if it makes none. */
  readonly product: IntegerProduct | null;
  /** A copy of a weight in the program's memory, made once for all that use it; null if the node does not have it. */
  weight(role: string): Place<'float32'> | null;
  /** An int8 kernel packed for the product, made once for all that use it. */
  packed(kernel: EncodingOf<'int8'>): Place<'int8'>;
  constants<T extends 'int32' | 'float32'>(type: T, values: ArrayOf[T]): Buffer<T>;
  /** Room for `size` numbers a sample, until the next node; different places for different `which`. */
  scratch<T extends SlotType>(type: T, size: number, which?: number): Place<T>;
  step(step: Step): void;
}

type Emit<K extends Op> = (site: Site<K>) => void;

const nothing = (): void => {};

/** The steps of each operation. What a node ends in, its activation, is part of its steps. */
const EMIT: { readonly [K in Op]: Emit<K> } = {
  dense(site) {
    if (site.product === null) realDense(site);
    else integerDense(site, site.product);
  },
  activation({ node, inputs: [x], output, step }) {
    const { activation } = node.attrs;
    step(activating(activation, x.shape, x.real, output.real));
  },
  flatten: nothing, // moves nothing in row-major memory
  dropout({ node }) {
    if (!isIdle(node, false)) refuse(node, 'draws numbers, which no program does: predict with the model');
  },
  activityRegularization: nothing,
  add({ inputs, output: y, scratch, step }) {
    const [first, ...others] = inputs;
    if (y.format === null) {
      others.forEach((x, i) => {
        const before = i === 0 ? first : y;
        step((k, samples) => addInto(k, samples * y.size, before.real, x.real, y.real));
      });
      return;
    }
    const sum = scratch('float32', y.size, 0);
    const term = scratch('float32', y.size, 1);
    step((k, samples) => toReal(k, samples, first, sum));
    for (const x of others) {
      step((k, samples) => {
        toReal(k, samples, x, term);
        addInto(k, samples * y.size, sum, term, sum);
      });
    }
    step((k, samples) => toBytes(k, samples, sum, y, y.bytes));
  },
  concat({ inputs, output: y, scratch, step }) {
    const total = y.shape.at(-1)!;
    const rows = elementsOf(y.shape.slice(0, -1));
    let at = 0;
    for (const x of inputs) {
      const width = x.shape.at(-1)!;
      const from = at;
      at += width;
      const part = (k: Kernels, samples: number, source: Place<'float32' | 'int8'>): void =>
        k.stridedCopy([samples * rows, width], source.array, 0, [width, 1], y.numbers.array, from, [total, 1]);
      if (sameFormat(x.format, y.format)) step((k, samples) => part(k, samples, x.numbers));
      else {
        const real = scratch('float32', x.size);
        const bytes = scratch('int8', x.size);
        step((k, samples) => {
          toReal(k, samples, x, real);
          toBytes(k, samples, real, { ...y, size: x.size }, bytes);
          part(k, samples, bytes);
        });
      }
    }
  },
  split({ node, inputs: [x], output: y, step }) {
    const { from, to } = node.attrs;
    const total = x.shape.at(-1)!;
    const rows = elementsOf(x.shape.slice(0, -1));
    const width = to - from;
    step((k, samples) =>
      k.stridedCopy([samples * rows, width], x.numbers.array, from, [total, 1], y.numbers.array, 0, [width, 1]),
    );
  },
  quantize({ inputs: [x], output: y, scratch, step }) {
    if (x.format === null) return step((k, samples) => toBytes(k, samples, x.real, y, y.bytes));
    const real = scratch('float32', x.size);
    step((k, samples) => {
      toReal(k, samples, x, real);
      toBytes(k, samples, real, y, y.bytes);
    });
  },
  dequantize({ inputs: [x], output: y, step }) {
    step((k, samples) => toReal(k, samples, x, y.real));
  },
  custom({ node }) {
    refuse(node, 'is code, which only training knows');
  },
};

/** Writes down the steps of a node. Throws StateError, which names it, for one that has none. */
export const emit = <K extends Op>(site: Site<K>): void => EMIT[site.node.op](site);

function refuse({ name, op }: Node, why: string): never {
  throw new StateError('compileNetwork', `node "${name}" (${op}) ${why}`);
}

function realDense({ node, inputs: [x], output: y, weight, scratch, step }: Site<'dense'>): void {
  const terms = x.shape.at(-1)!;
  const units = y.shape.at(-1)!;
  const rows = elementsOf(x.shape.slice(0, -1));
  const kernel = weight('kernel')!;
  const bias = weight('bias');
  const { activation } = node.attrs;
  const epilogue = epilogueOf(activation);
  const sums = ACTIVATION_FACTS[activation.name].isElementwise ? y.real : scratch('float32', y.size);
  step((k, samples) =>
    k.gemm(
      samples * rows,
      units,
      terms,
      x.real.array,
      false,
      kernel.array,
      false,
      bias?.array ?? null,
      epilogue,
      sums.array,
    ),
  );
  if (activation.name !== 'linear' && epilogue === 'linear') step(activating(activation, y.shape, sums, y.real));
}

function integerDense(
  { node, inputs: [x], output: y, packed, constants, scratch, step }: Site<'dense'>,
  product: IntegerProduct,
): void {
  const terms = x.shape.at(-1)!;
  const units = y.shape.at(-1)!;
  const rows = elementsOf(x.shape.slice(0, -1));
  const kernel = packed(product.kernel);
  const bias = constants('int32', foldedBias(product));
  const scales = constants('float32', columnScales(product));
  const sums = scratch('int32', y.size);
  const { activation } = node.attrs;
  step((k, samples) => k.gemmInt8(samples * rows, units, terms, x.bytes.array, kernel.array, sums.array));
  if (y.format === null) {
    const real = ACTIVATION_FACTS[activation.name].isElementwise ? y.real : scratch('float32', y.size);
    step((k, samples) => k.dequantizeColumns(samples * rows, units, sums.array, bias.array, scales.array, real.array));
    if (activation.name !== 'linear') step(activating(activation, y.shape, real, y.real));
  } else {
    const { zeroPoint } = y.format;
    const low = activation.name === 'relu' ? zeroPoint : -128;
    step((k, samples) =>
      k.requantize(samples * rows, units, sums.array, bias.array, scales.array, zeroPoint, low, y.bytes.array),
    );
  }
}

/** An activation from one place to another, or over itself if it works number by number. */
function activating(spec: ActivationSpec, shape: Shape, x: Place<'float32'>, y: Place<'float32'>): Step {
  const { name, alpha } = activationOf(spec);
  const n = elementsOf(shape);
  switch (name) {
    case 'linear':
      return nothing;
    case 'softmax':
    case 'logSoftmax': {
      const length = shape.at(-1)!;
      const rows = elementsOf(shape.slice(0, -1));
      return (k, samples) => k[name](samples * rows, length, x.array, y.array);
    }
    case 'leakyRelu':
    case 'elu':
      return (k, samples) => k[name](samples * n, x.array, alpha!, y.array);
    case 'exponential':
      return (k, samples) => k.exp(samples * n, x.array, y.array);
    default:
      return (k, samples) => k[name](samples * n, x.array, y.array);
  }
}

const addInto = (k: Kernels, n: number, a: Place<'float32'>, b: Place<'float32'>, c: Place<'float32'>): void =>
  k.add(1, n, a.array, n, 1, b.array, n, 1, c.array);

function toReal(k: Kernels, samples: number, { size, format, bytes }: Operand, y: Place<'float32'>): void {
  const { scale, zeroPoint } = format!;
  k.dequantize(samples * size, bytes.array, scale, zeroPoint, y.array);
}

function toBytes(
  k: Kernels,
  samples: number,
  x: Place<'float32'>,
  { size, format }: Pick<Operand, 'size' | 'format'>,
  y: Place<'int8'>,
): void {
  const { scale, zeroPoint } = format!;
  k.quantize(samples * size, x.array, scale, zeroPoint, y.array);
}
