import type { Shape } from '../../base/shape.ts';
import { Names } from '../../graph/rewrite.ts';
import {
  ATTRIBUTE_TYPES,
  type AttributeMessage,
  DATA_TYPES,
  type NodeMessage,
  type TensorMessage,
} from './messages.ts';

/** Where the channels of a batch lie: behind all other axes, as networks have them, or right behind the samples. */
export type Layout = 'last' | 'first';

/** An attribute without its name. */
type Attribute = Partial<AttributeMessage>;
export type AttributeRows = Readonly<Record<string, Attribute>>;

export const int = (i: number): Attribute => ({ i, type: ATTRIBUTE_TYPES.int });
export const float = (f: number): Attribute => ({ f, type: ATTRIBUTE_TYPES.float });
export const ints = (list: readonly number[]): Attribute => ({ ints: list, type: ATTRIBUTE_TYPES.ints });
export const text = (s: string): Attribute => ({ s: new TextEncoder().encode(s), type: ATTRIBUTE_TYPES.text });

/** An operation that has no name for its result yet. */
export interface Operation {
  readonly opType: string;
  /** Names of tensors; empty for an optional one that is left out. */
  readonly inputs: readonly string[];
  readonly attributes?: AttributeRows;
}

/** The same of a value, with the layout that it comes out in. */
export interface Made extends Operation {
  readonly layout: Layout;
}

/** Numbers as a tensor holds them, little-endian as on every machine that runs a current JavaScript engine. */
export type TensorArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int32Array
  | BigInt64Array;
export type TensorType = Extract<
  keyof typeof DATA_TYPES,
  'float32' | 'float16' | 'bfloat16' | 'int8' | 'int32' | 'int64'
>;

/** The axes of a batch of samples of so many axes, from one layout to the other. */
function transposition(axes: number, to: Layout): number[] {
  const places = Array.from({ length: axes - 1 }, (_, i) => i);
  return to === 'first' ? [0, axes, ...places.map((i) => i + 1)] : [0, ...places.map((i) => i + 2), 1];
}

/** A graph as it grows: operations, constants, and by which names and in which layouts there is each value of a network. */
export class GraphWriter {
  readonly nodes: NodeMessage[] = [];
  readonly initializers: TensorMessage[] = [];
  readonly names: Names;
  private readonly constants = new Map<string, string>();
  private readonly values = new Map<string, { readonly axes: number; readonly forms: Map<Layout, string> }>();
  private readonly outputs: ReadonlySet<string>;

  /** All names of values are taken from the start, so that each keeps its own. Outputs keep theirs with the channels last. */
  constructor(names: Iterable<string>, outputs: Iterable<string>) {
    this.names = new Names(names);
    this.outputs = new Set(outputs);
  }

  /** Adds an operation, whose result has this name. */
  put({ opType, inputs, attributes = {} }: Operation, output: string): void {
    const attribute = Object.entries(attributes).map(([name, own]) => ({
      floats: [],
      strings: [],
      ints: [],
      name,
      ...own,
    }));
    this.nodes.push({ input: inputs, output: [output], name: output, opType, attribute });
  }

  /** Adds an operation on the way to a value; the name of its result. */
  step(value: string, operation: Operation): string {
    const name = this.names.take(`${value}/${operation.opType}`);
    this.put(operation, name);
    return name;
  }

  /** A constant by the name wished for, or one like it. */
  initializer(wished: string, type: TensorType, dims: Shape, values: TensorArray): string {
    const name = this.names.take(wished);
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.initializers.push({ ...NO_DATA, dims, dataType: DATA_TYPES[type], name, rawData });
    return name;
  }

  /** A small constant: of the same numbers there is one. */
  constant(type: TensorType, dims: Shape, values: TensorArray): string {
    const content = `${type} [${dims.join()}] ${Array.from<number | bigint>(values).map(textOf).join()}`;
    const known = this.constants.get(content);
    if (known !== undefined) return known;
    const name = this.initializer(`constant/${this.constants.size}`, type, dims, values);
    this.constants.set(content, name);
    return name;
  }

  real(x: number): string {
    return this.constant('float32', [], Float32Array.of(x));
  }

  /** Whole numbers that say how an operation goes: axes, sizes. */
  whole(numbers: readonly number[]): string {
    return this.constant('int64', [numbers.length], BigInt64Array.from(numbers, BigInt));
  }

  /** Says that there is an input of the network, with samples of so many axes. */
  given(value: string, axes: number, layout: Layout): void {
    this.values.set(value, { axes, forms: new Map([[layout, value]]) });
  }

  /** The layout in which most of these values are already; of as many with the channels first. */
  layoutOf(values: readonly string[]): Layout {
    const having = (layout: Layout): number =>
      values.filter((value) => this.values.get(value)!.forms.has(layout)).length;
    return having('first') > 0 && having('first') >= having('last') ? 'first' : 'last';
  }

  /** The tensor of a value in a layout: moves its channels where there is none. Samples of one axis have but one. */
  read(value: string, wanted: Layout): string {
    const { axes, forms } = this.values.get(value)!;
    const layout = axes < 2 ? 'last' : wanted;
    const known = forms.get(layout);
    if (known !== undefined) return known;
    const [other] = forms.values();
    const name = this.names.take(`${value}/${layout}`);
    this.put(this.moved(other!, axes, layout), name);
    forms.set(layout, name);
    return name;
  }

  /** Adds what makes a value. One that only gives on what it reads is that, unless it is an output. */
  give(value: string, axes: number, made: Made, of: string): void {
    const isOutput = this.outputs.has(value);
    if (made.opType === 'Identity' && !isOutput) {
      this.values.set(value, this.values.get(of)!);
      return;
    }
    const layout = axes < 2 ? 'last' : made.layout;
    const isMoved = isOutput && layout === 'first';
    const name = isMoved ? this.names.take(`${value}/first`) : value;
    this.put(made, name);
    const forms = new Map([[layout, name]]);
    this.values.set(value, { axes, forms });
    if (!isMoved) return;
    this.put(this.moved(name, axes, 'last'), value);
    forms.set('last', value);
  }

  private moved(x: string, axes: number, to: Layout): Operation {
    return { opType: 'Transpose', inputs: [x], attributes: { perm: ints(transposition(axes, to)) } };
  }
}

const textOf = (x: number | bigint): string => (Object.is(x, -0) ? '-0' : String(x));

/** Lists of a tensor whose numbers lie in `rawData`. */
const NO_DATA = {
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
} as const;
