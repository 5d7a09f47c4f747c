import type { ArrayOf } from '../../kernels/arrays.ts';
import { type KernelCall, noting } from '../../kernels/calls.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { elementsOf, type Shape, size } from '../base/shape.ts';
import type { Value } from '../graph/check.ts';
import type { DenseStored, Stored } from '../graph/encoding.ts';
import type { EncodingRows } from '../graph/encoding-facts.ts';
import { isPrepared } from '../graph/facts.ts';
import { type Graph, type Node, type Op, weightsOf } from '../graph/graph.ts';
import { integersOnce } from '../graph/integers.ts';
import { integerProduct } from '../graph/validate.ts';
import type { Buffer, Buffers } from './buffers.ts';
import { placed, type Slot } from './plan.ts';
import {
  type Asked,
  type EmitRows,
  type InputCheck,
  type Operand,
  type Place,
  REAL,
  refuse,
  type Site,
  type SlotType,
  type SparseKernel,
  type Step,
} from './site.ts';

/** An input or output of a program: where its numbers lie, and how many there are. */
export interface Port<T extends SlotType = SlotType> {
  readonly name: string;
  readonly shape: Shape;
  /** Numbers a sample. */
  readonly size: number;
  readonly buffer: Buffer<T>;
  /** Of an input: what its numbers must hold to, which a run asks before anything is read at their places. */
  readonly checks: readonly InputCheck[];
}

/** What runs: steps from buffers to buffers. */
export interface Compiled {
  readonly steps: readonly Step[];
  readonly inputs: readonly Port<'float32' | 'int32'>[];
  readonly outputs: readonly Port<'float32'>[];
  /** Bytes of its weights, as it holds them. */
  readonly weights: number;
}

/** Room that nodes use one after another while they compute. */
class Scratch<T extends SlotType> implements Place<T> {
  readonly type: T;
  size = 0;
  buffer: Buffer<T> | null = null;

  constructor(type: T) {
    this.type = type;
  }

  get array(): ArrayOf[T] {
    return this.buffer!.array;
  }
}

/** What a program is made of. */
export interface Setting {
  /** For errors. */
  readonly caller: string;
  readonly rows: Partial<EmitRows<Op>>;
  /** Those that its weights may have. */
  readonly encodings: EncodingRows;
  /** In program form, and validated. */
  readonly network: Graph<Stored>;
  /** The network with all numbers of its weights, as it is where they all have them. */
  readonly withAll: (network: Graph<Stored>) => Graph<DenseStored>;
  /** What its values are. */
  readonly values: ReadonlyMap<string, Value>;
  readonly batchSize: number;
  readonly kernels: Kernels;
  readonly buffers: Buffers;
  /** What makes the kernel of a node of whose panels are multiplied; null for one that is a whole matrix. */
  readonly panelsOf: (setting: Setting, node: Node) => (() => SparseKernel) | null;
}

/** The steps of a network. */
export function compile(setting: Setting): Compiled {
  const { caller, rows, encodings, network, withAll, values, batchSize, kernels, buffers, panelsOf } = setting;
  const whole = withAll(network);
  // All of them before the program has memory: what they are chosen in is given back, and leaves no gaps in it
  const panels = network.nodes.map((node) => panelsOf(setting, node));
  const { slotOf, slots } = placed(network, values);
  const room = (numbers: number): number => size(caller, [batchSize, numbers]);
  const places = new Map<Slot, Buffer<SlotType>>();
  for (const slot of slots) places.set(slot, buffers.make(slot.type, room(slot.length)));
  const inPlaces = buffers.bytes;
  const copies = new Map<unknown, unknown>();
  const scratches: Scratch<SlotType>[] = [];
  const steps: Step[] = [];
  const owners: Asked[] = []; // of each step
  const checks = new Map<string, InputCheck[]>();
  const integersIn = integersOnce(encodings);

  const operand = (name: string): Operand => {
    const { shape, format } = values.get(name)!;
    const buffer = places.get(slotOf.get(name)!)!;
    return {
      ...{ name, shape, format, size: elementsOf(shape) },
      real: buffer as Buffer<'float32'>,
      integers: buffer as Buffer<'int32'>,
      bytes: buffer as Buffer<'int8'>,
      numbers: buffer as Buffer<'float32' | 'int8'>,
    };
  };
  const once = <T>(what: unknown, make: () => T): T => {
    const made = (copies.get(what) as T | undefined) ?? make();
    copies.set(what, made);
    return made;
  };
  const scratch = <T extends SlotType>(type: T, numbers: number, which = 0): Scratch<T> => {
    const alike = scratches.filter((each) => each.type === type) as Scratch<T>[];
    const own = alike[which] ?? new Scratch(type);
    if (alike[which] === undefined) scratches.push(own);
    own.size = Math.max(own.size, numbers);
    return own;
  };

  network.nodes.forEach((node, i) => {
    const [x] = node.inputs;
    const asked = { node, caller };
    const own = checked(kernels, asked);
    const sparse = panels[i];
    emit(rows, {
      ...asked,
      inputs: node.inputs.map(operand) as [Operand, ...Operand[]],
      output: operand(node.name),
      kernels,
      product: integerProduct(whole, node, values.get(x!)!, integersIn),
      sparse: sparse ? once(`${node.weights.kernel} panels`, sparse) : null,
      weights: weightsOf(whole, node),
      packed: (what, type, length, fill) =>
        once(what, () => {
          const buffer = buffers.make(type, length);
          fill(own, buffer.array);
          return buffer;
        }),
      constants: (type, numbers) => buffers.copy(type, numbers),
      scratch,
      check: (check) => checks.set(x!, [...(checks.get(x!) ?? []), check]),
      step(step) {
        steps.push(step);
        owners.push(asked);
      },
    } as Site);
  });
  const weights = buffers.bytes - inPlaces;
  for (const own of scratches) own.buffer = buffers.make(own.type, room(own.size));
  steps.forEach((step, i) => {
    step(
      checked(kernels, owners[i]!, () => {}),
      0,
    );
  });
  const port = (name: string): Port => {
    const { shape, size: numbers } = operand(name);
    return { name, shape, size: numbers, buffer: places.get(slotOf.get(name)!)!, checks: checks.get(name) ?? [] };
  };
  return {
    steps,
    inputs: network.inputs.map(({ name }) => port(name)) as Compiled['inputs'],
    outputs: network.outputs.map(port) as Compiled['outputs'],
    weights,
  };
}

/** The calls of steps on so many samples, which are made once. */
export function callsOf(steps: readonly Step[], kernels: Kernels, samples: number): KernelCall[] {
  const calls: KernelCall[] = [];
  const noted = noting(kernels, (call) => void calls.push(call));
  for (const step of steps) step(noted, samples);
  return calls;
}

/** A table that refuses, in the name of a node, a kernel that `kernels` does not have; `instead` is called for those it has. */
const checked = (kernels: Kernels, asked: Asked, instead?: () => void): Kernels =>
  new Proxy(kernels, {
    get: (table, name) => {
      const kernel = table[name as keyof Kernels];
      if (kernel !== undefined) return instead ?? kernel;
      return refuse(
        asked,
        `needs the kernel ${String(name)}, which the table does not have: take a larger one, as cpu is`,
      );
    },
  });

/** Writes down the steps of a node. */
function emit<K extends Op>(rows: Partial<EmitRows<Op>>, site: Site<K>): void {
  if (isPrepared(site.node as Node))
    refuse(site, 'is trained for integers: convert() the model, or compileInference() it');
  const row: ((site: Site<K>) => void) | undefined = rows[site.node.op];
  if (row === undefined) refuse(site, REAL);
  row(site);
}
