import type { ArrayOf } from '../../kernels/arrays.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { elementsOf, type Shape, size } from '../base/shape.ts';
import { entriesFor, shapesOf, type Value } from '../graph/check.ts';
import type { EncodingOf, Stored } from '../graph/encoding.ts';
import { integerProduct } from '../graph/encodings.ts';
import { type Graph, weightsOf } from '../graph/graph.ts';
import type { Buffer, Buffers } from './buffers.ts';
import { emit } from './emit.ts';
import { placed, type Slot } from './plan.ts';
import type { Operand, Place, Site, SlotType, Step } from './site.ts';

/** An input or output of a program: where its numbers lie, and how many there are. */
export interface Port<T extends SlotType = SlotType> {
  readonly name: string;
  readonly shape: Shape;
  /** Numbers a sample. */
  readonly size: number;
  readonly buffer: Buffer<T>;
  /** Of int32: its numbers must be from 0 to below this. */
  readonly entries: number;
}

/** What runs: steps from buffers to buffers. */
export interface Compiled {
  readonly steps: readonly Step[];
  readonly inputs: readonly Port<'float32' | 'int32'>[];
  readonly outputs: readonly Port<'float32'>[];
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

/** The steps of a network in program form that was validated, `values` being what its values are. */
export function compile(
  network: Graph<Stored>,
  values: ReadonlyMap<string, Value>,
  batchSize: number,
  kernels: Kernels,
  buffers: Buffers,
): Compiled {
  const { slotOf, slots } = placed(network, values);
  const room = (numbers: number): number => size('compileNetwork', [batchSize, numbers]);
  const places = new Map<Slot, Buffer<SlotType>>();
  for (const slot of slots) places.set(slot, buffers.make(slot.type, room(slot.length)));
  const copies = new Map<unknown, Buffer<SlotType>>();
  const scratches: Scratch<SlotType>[] = [];
  const steps: Step[] = [];

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
  const once = <T extends SlotType>(what: unknown, make: () => Buffer<T>): Buffer<T> => {
    const made = (copies.get(what) as Buffer<T> | undefined) ?? make();
    copies.set(what, made);
    return made;
  };
  const packed: Site['packed'] = (what, bytes, pack) =>
    once(what, () => {
      const buffer = buffers.make('int8', bytes);
      pack(kernels, buffer.array);
      return buffer;
    });
  const panels = (weight: Stored): Buffer<'float32'> =>
    once(weight, () => {
      const { values } = weight.encoding as EncodingOf<'float32'>;
      const columns = weight.shape.at(-1)!;
      const terms = values.length / Math.max(1, columns);
      const buffer = buffers.make('float32', 16 * Math.ceil(columns / 16) * terms);
      kernels.packPanels(terms, columns, values, buffer.array);
      return buffer;
    });
  const scratch = <T extends SlotType>(type: T, numbers: number, which = 0): Scratch<T> => {
    const alike = scratches.filter((each) => each.type === type) as Scratch<T>[];
    const own = alike[which] ?? new Scratch(type);
    if (alike[which] === undefined) scratches.push(own);
    own.size = Math.max(own.size, numbers);
    return own;
  };

  for (const node of network.nodes) {
    const stored = weightsOf(network, node);
    emit({
      node,
      inputs: node.inputs.map(operand) as [Operand, ...Operand[]],
      output: operand(node.name),
      product: integerProduct(network, node, values.get(node.inputs[0]!)!),
      shapes: shapesOf(network, node),
      weight(role) {
        const encoding = stored[role]?.encoding;
        return encoding?.type === 'float32' ? once(encoding, () => buffers.copy('float32', encoding.values)) : null;
      },
      packed,
      panels: (role) => panels(stored[role]!),
      constants: (type, numbers) => buffers.copy(type, numbers),
      scratch,
      step: (step) => void steps.push(step),
    } as Site);
  }
  for (const own of scratches) own.buffer = buffers.make(own.type, room(own.size));
  const port = (name: string): Port => {
    const { shape, size: numbers } = operand(name);
    return { name, shape, size: numbers, buffer: places.get(slotOf.get(name)!)!, entries: entriesFor(network, name) };
  };
  return {
    steps,
    inputs: network.inputs.map(({ name }) => port(name)) as Compiled['inputs'],
    outputs: network.outputs.map(port) as Compiled['outputs'],
  };
}
