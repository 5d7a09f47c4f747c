import type { ArrayOf, ElementType } from '../../kernels/arrays.ts';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { DTypeError, StateError } from '../base/errors.ts';
import type { Shape } from '../base/shape.ts';
import { floatsOf } from '../graph/check.ts';
import { withDenseWeights } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { ENCODINGS, validateNetwork } from '../graph/encodings.ts';
import { checkForm } from '../graph/form.ts';
import type { Graph } from '../graph/graph.ts';
import { programForm } from '../graph/program-form.ts';
import { type Buffer, Buffers } from '../infer/buffers.ts';
import { compile } from '../infer/compile.ts';
import { EMIT } from '../infer/emit.ts';
import { type InputCheck, nothing, type SlotType } from '../infer/site.ts';
import { type ExportKernels, type Held, PRODUCTS } from './product.ts';

/** A network as a list of calls of kernels on one sample, in memory of a fixed size: what exported code does. */
export interface Listing {
  readonly inputs: readonly ListedPort[];
  readonly outputs: readonly ListedPort[];
  /** Memory that calls write, and how many numbers each has. An index into it is a place. */
  readonly places: readonly { readonly type: SlotType; readonly length: number }[];
  /** Arrays that calls only read, each once. */
  readonly constants: readonly Numbers[];
  /** What constants are made of, as far as it is known and they are tables of real numbers. */
  readonly held: ReadonlyMap<Numbers, Held>;
  readonly calls: readonly Call[];
}

export type Numbers = ArrayOf[ElementType];

/** An input or output of the network. */
export interface ListedPort {
  readonly name: string;
  readonly shape: Shape;
  readonly size: number;
  readonly type: 'float32' | 'int32';
  readonly place: number;
  /** Of an input: what its numbers must hold to. */
  readonly checks: readonly InputCheck[];
}

/** A kernel of `Kernels`, or `product`, and what it is called with, in the order of its parameters. */
export interface Call {
  readonly kernel: ListedKernel;
  readonly args: readonly Argument[];
}

/** Numbers in `places` or in `constants`. */
export interface Reference {
  readonly in: 'places' | 'constants';
  readonly at: number;
}

/** References where a kernel takes arrays, and everything else as it is: numbers, null, texts, shapes, windows, products. */
export type Argument = Reference | number | boolean | string | null | undefined | object;

export const isReference = (arg: Argument): arg is Reference =>
  typeof arg === 'object' && arg !== null && 'in' in arg && 'at' in arg;

/** Kernels that exported code calls. */
export type ListedKernel =
  | 'product'
  | Extract<
      keyof Kernels,
      | 'quantize'
      | 'dequantize'
      | 'quantizeRows'
      | 'lookUp'
      | 'addInt8'
      | 'addInt8Whole'
      | 'addInt8Shifted'
      | 'maxPoolInt8'
      | 'avgPoolInt8'
      | 'avgPoolInt8Whole'
      | 'maxPool'
      | 'avgPool'
      | 'max'
      | 'sum'
      | 'add'
      | 'mul'
      | 'batchNorm'
      | 'standardize'
      | 'gather'
      | 'stridedCopy'
      | 'fill'
      | 'softmax'
      | 'logSoftmax'
      | 'relu'
      | 'relu6'
      | 'leakyRelu'
      | 'elu'
      | 'gelu'
      | 'geluTanh'
      | 'sigmoid'
      | 'tanh'
      | 'softplus'
      | 'silu'
      | 'hardSwish'
      | 'exp'
    >;

/** One row a kernel: the parameters that it writes. */
export const WRITES: { readonly [K in ListedKernel]: readonly number[] } = {
  product: [4],
  quantize: [4],
  dequantize: [4],
  quantizeRows: [3, 4, 5],
  lookUp: [3],
  addInt8: [9],
  addInt8Whole: [12],
  addInt8Shifted: [8],
  maxPoolInt8: [3],
  avgPoolInt8: [6],
  avgPoolInt8Whole: [3],
  maxPool: [3],
  avgPool: [3],
  max: [4],
  sum: [5],
  add: [8],
  mul: [8],
  batchNorm: [8],
  standardize: [4],
  gather: [6],
  stridedCopy: [4],
  fill: [2],
  softmax: [3],
  logSoftmax: [3],
  relu: [2],
  relu6: [2],
  leakyRelu: [3],
  elu: [3],
  gelu: [2],
  geluTanh: [2],
  sigmoid: [2],
  tanh: [2],
  softplus: [2],
  silu: [2],
  hardSwish: [2],
  exp: [2],
};

const isListed = (kernel: string | symbol): kernel is ListedKernel =>
  typeof kernel === 'string' && Object.hasOwn(WRITES, kernel);

/** Buffers that are remembered in the order in which they were made. */
class Remembered extends Buffers {
  readonly all: Buffer[] = [];

  override make<T extends ElementType>(type: T, length: number): Buffer<T> {
    const buffer = super.make(type, length);
    this.all.push(buffer as Buffer);
    return buffer;
  }
}

/**
 * The calls that a program of one sample makes. `caller` is for errors. Throws what `compileNetwork` throws: for a network that
 * is none, one in float64, and for nodes that no program has; and StateError for an input without numbers.
 */
export function listingOf(caller: string, network: Graph<Stored>): Listing {
  checkForm(caller, network);
  const values = validateNetwork(network);
  if (floatsOf(network) === 'float64') throw new DTypeError(caller, ['float64'], 'exported code computes in float32');
  const made: { kernel: ListedKernel; args: readonly unknown[] }[] = [];
  const kernels: ExportKernels = { ...cpu, product: nothing, holds: nothing };
  const buffers = new Remembered(kernels);
  const { steps, inputs, outputs } = compile({
    caller,
    rows: { ...EMIT, ...PRODUCTS },
    encodings: ENCODINGS,
    network: programForm(network),
    withAll: withDenseWeights,
    values,
    batchSize: 1,
    kernels,
    buffers,
    panelsOf: () => null,
  });
  const held = new Map<unknown, Held>();
  const noted = new Proxy<ExportKernels>(kernels, {
    get(_, kernel) {
      if (kernel === 'holds') return (table: Float32Array, of: Held) => void held.set(table, of);
      if (!isListed(kernel)) throw new StateError(caller, `exported code has no kernel "${String(kernel)}"`);
      return (...args: readonly unknown[]) => void made.push({ kernel, args });
    },
  });
  for (const step of steps) step(noted, 1);

  const written = new Set<unknown>(inputs.map(({ buffer }) => buffer.array));
  for (const { kernel, args } of made) for (const i of WRITES[kernel]) written.add(args[i]);
  const places = buffers.all.filter(({ array }) => written.has(array));
  const constants = buffers.all.filter(({ array }) => !written.has(array));
  const references = new Map<unknown, Reference>();
  for (const [at, { array }] of places.entries()) references.set(array, { in: 'places', at });
  const kept: Numbers[] = [];
  const madeOf = new Map<Numbers, Held>();
  for (const { array } of constants) {
    const same = kept.findIndex((other) => areSame(other, array));
    references.set(array, { in: 'constants', at: same < 0 ? kept.push(array) - 1 : same });
    const of = held.get(array);
    if (same < 0 && of !== undefined) madeOf.set(array, of);
  }
  const port = ({ name, shape, size, buffer, checks }: (typeof inputs)[number]): ListedPort => ({
    ...{ name, shape, size, checks },
    type: buffer.type,
    place: references.get(buffer.array)!.at,
  });
  const empty = inputs.find(({ size }) => size === 0);
  if (empty !== undefined) throw new StateError(caller, `input "${empty.name}" has no numbers`);
  return {
    inputs: inputs.map(port),
    outputs: outputs.map(port),
    places: places.map(({ type, length }) => ({ type: type as SlotType, length })),
    constants: kept,
    held: madeOf,
    calls: made.map(({ kernel, args }) => ({
      kernel,
      args: args.map((arg): Argument => references.get(arg) ?? (arg as Argument)),
    })),
  };
}

const areSame = (a: Numbers, b: Numbers): boolean =>
  a.constructor === b.constructor && a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
