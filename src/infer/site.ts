import type { ArrayOf } from '../../kernels/arrays.ts';
import type { Convolution } from '../../kernels/interface/convolution.ts';
import type { Epilogue } from '../../kernels/interface/products.ts';
import type { SparseWidth } from '../../kernels/interface/sparse.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { StateError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { windowOf } from '../base/window.ts';
import { ACTIVATION_FACTS, type ActivationSpec, activationOf, epilogueOf } from '../graph/activation.ts';
import type { DenseStored } from '../graph/encoding.ts';
import type { NodeOf, Op, QuantizationParams } from '../graph/graph.ts';
import type { IntegerProduct } from '../graph/integers.ts';
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
  /** Of the numbers of an int32 input. */
  readonly integers: Place<'int32'>;
  /** Of int8 numbers. */
  readonly bytes: Place<'int8'>;
  /** Of those that it has. */
  readonly numbers: Place<'float32' | 'int8'>;
}

/** A kernel of which sparse panels are multiplied: what the sparse products take of it, at each run. */
export interface SparseKernel {
  real(): [width: SparseWidth, starts: Int32Array, rows: Int32Array, values: Float32Array];
  /** Of rows in pairs. */
  bytes(): [starts: Int32Array, rows: Int32Array, values: Int8Array];
}

/** A node with all that its steps need. */
export interface Site<K extends Op = Op> extends Asked {
  readonly node: NodeOf<K>;
  /** The table that the program is made for, to ask what it has. */
  readonly kernels: Partial<Kernels>;
  readonly inputs: readonly [Operand, ...Operand[]];
  readonly output: Operand;
  /** The product that a node makes of integers; null if it makes none. */
  readonly product: IntegerProduct | null;
  /** What makes int8 of the sums of a product, where not a factor in float32 does. */
  readonly requantized?: (product: IntegerProduct, sum: Summing) => void;
  /** Its kernel, where its panels are multiplied; null where all of it is. */
  readonly sparse: SparseKernel | null;
  /** Its weights with all their numbers, by role. */
  readonly weights: Readonly<Partial<Record<string, DenseStored>>>;
  /** What `fill` leaves in so many numbers of the program's memory, made once for all that name the same. */
  packed<T extends SlotType>(
    what: unknown,
    type: T,
    length: number,
    fill: (k: Kernels, to: ArrayOf[T]) => void,
  ): Place<T>;
  constants<T extends SlotType>(type: T, values: ArrayOf[T]): Buffer<T>;
  /** Room for `size` numbers a sample, until the next node; different places for different `which`. */
  scratch<T extends SlotType>(type: T, size: number, which?: number): Place<T>;
  /** Asks this of the numbers that a run is given for the first input. */
  check(check: InputCheck): void;
  step(step: Step): void;
}

/** Leaves int32 sums of so many samples. */
export type Summing = (k: Kernels, samples: number, sums: Int32Array) => void;

/** Throws for numbers of which one of the first `samples` samples cannot be. */
export type InputCheck = (numbers: ArrayLike<number>, samples: number) => void;

/** Writes down the steps of a node: a row for each of some operations. */
export type EmitRows<Ops extends Op> = { readonly [K in Ops]: (site: Site<K>) => void };

/** A node, and the function that makes a program of it, for errors. */
export interface Asked {
  readonly node: { readonly name: string; readonly op: string };
  readonly caller: string;
}

export const nothing = (): void => {};

export const ones = ({ length }: Shape): Shape => Array<number>(length).fill(1);

/** Why programs of integers refuse a node. */
export const REAL = 'computes with real numbers, or as such a program cannot: take compileNetwork';

/** One row for nodes that compute with int8, another for those that do with real numbers. */
export const ofIntegers =
  <K extends Op>(integers: (site: Site<K>) => void, reals: (site: Site<K>) => void) =>
  (site: Site<K>): void =>
    (site.product !== null || site.output.format !== null ? integers : reals)(site);

export function refuse({ node: { name, op }, caller }: Asked, why: string): never {
  throw new StateError(caller, `node "${name}" (${op}) ${why}`);
}

/** An activation from one place to another, or over itself if it works number by number. */
export function activating(spec: ActivationSpec, shape: Shape, x: Place<'float32'>, y: Place<'float32'>): Step {
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

/**
 * A product in real numbers with the activation that it ends in: applied by the kernel itself if it can, else behind it, and
 * from a place of its own if it takes rows.
 */
export function finishing(
  activation: ActivationSpec,
  { shape, size, real: y }: Operand,
  { scratch, step }: Pick<Site, 'scratch' | 'step'>,
  product: (k: Kernels, samples: number, epilogue: Epilogue, sums: Place<'float32'>) => void,
): void {
  const epilogue = epilogueOf(activation);
  const sums = ACTIVATION_FACTS[activation.name].isElementwise ? y : scratch('float32', size);
  step((k, samples) => product(k, samples, epilogue, sums));
  if (epilogue === 'linear' && activation.name !== 'linear') step(activating(activation, shape, sums, y));
}

/** c = a + b, `n` numbers. */
export const addInto = (k: Kernels, n: number, a: Place<'float32'>, b: Place<'float32'>, c: Place<'float32'>): void =>
  k.add(1, n, a.array, n, 1, b.array, n, 1, c.array);

/** What a convolution does to so many samples. */
export function convolutionOf({
  node: { attrs },
  inputs: [x],
  output: y,
  weights,
}: Pick<Site<'conv'>, 'node' | 'inputs' | 'output' | 'weights'>): (samples: number) => Convolution {
  const taps = weights.kernel!.shape.slice(0, -2);
  const spatial = x.shape.slice(0, -1);
  const ends = { channels: x.shape.at(-1)!, units: y.shape.at(-1)!, groups: attrs.groups };
  return (samples) => ({ ...windowOf(samples, spatial, taps, attrs), ...ends });
}
