import { FormatError, show } from '../../base/errors.ts';
import { elementsOf, type Shape, sameShape } from '../../base/shape.ts';
import { type ActivationSpec, LINEAR } from '../../graph/activation.ts';
import { readAttributes, type Schema } from '../../graph/attributes.ts';
import { givenOf } from '../../graph/check.ts';
import type { Stored } from '../../graph/encoding.ts';
import type { Format } from '../../graph/fact.ts';
import { factsOf } from '../../graph/facts.ts';
import type { Attributes, Input, Node, Op } from '../../graph/graph.ts';
import { type Names, nodeOf } from '../../graph/rewrite.ts';
import { wishFor } from '../fused.ts';
import { type Constant, type Constants, weightOf } from './constants.ts';
import type { Hint } from './hint.ts';
import { FUSED, PADDINGS } from './schema.ts';
import { at, FORMAT, formatOf, type TensorOf, type Tensors } from './tensor.ts';

/** The value of the network that a tensor is. Its shape may have axes of 1 more or fewer than that of the tensor. */
export interface Held {
  readonly value: string;
  readonly shape: Shape;
  readonly format: Format;
  /** Of real numbers: the int8 value that they were. */
  readonly whole?: Held;
  /** Of a logistic function: what it is of. */
  readonly gate?: Held;
  /** Of a mean of int8 values, or of what they stand for: makes it in the format of the first result of another operator. */
  readonly mean?: (call: Call) => void;
}

/** A network as far as it has been read. */
export interface Reading {
  readonly tensors: Tensors;
  readonly hint: Hint;
  /** How int32 sums become int8, where no hint says it. */
  readonly rule: 'multiplier' | 'float' | null;
  readonly names: Names;
  /** The names of outputs that are integers: those of their real numbers. */
  readonly wholes: Set<string>;
  readonly wished: Map<string, string>;
  /** How many samples all values of the file are. */
  readonly batch: number;
  readonly inputs: Input[];
  readonly nodes: Node[];
  /** Which of the inputs a value is, as it came or in int8. */
  readonly inputOf: Map<string, number>;
  /** How many nodes read a value. */
  readonly reads: Map<string, number>;
  readonly weights: Map<string, Stored>;
  readonly notes: Set<string>;
  /** By tensor. */
  readonly values: Map<number, Held>;
  readonly constants: Map<number, Constant>;
  readonly stored: Constants;
}

/** What the integers of an output are called. */
export const wholeName = (output: string): string => `${output}/int8`;

/** Without axes of 1. */
export const bare = (shape: Shape): Shape => shape.filter((n) => n !== 1);

/** One operator of the file, with what rows ask and make. */
export class Call {
  readonly reading: Reading;
  readonly path: string;
  private readonly inputs: readonly number[];
  private readonly outputs: readonly number[];

  constructor(reading: Reading, path: string, inputs: readonly number[], outputs: readonly number[]) {
    this.reading = reading;
    this.path = path;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** Throws FormatError that names the operator. */
  refuse(problem: string): never {
    throw new FormatError(FORMAT, this.path, problem);
  }

  private tensor(list: readonly number[], i: number): TensorOf {
    return this.reading.tensors.at(list[i] ?? -1, this.path);
  }

  /** How many values it reads. */
  get count(): number {
    return this.inputs.length;
  }

  get outputCount(): number {
    return this.outputs.length;
  }

  has(i: number): boolean {
    return (this.inputs[i] ?? -1) >= 0;
  }

  /** What a result is, as the file has it: without the batch. */
  result(i = 0): Pick<TensorOf, 'name' | 'type'> & { readonly shape: Shape; readonly format: Format } {
    const tensor = this.tensor(this.outputs, i);
    const { name, type } = tensor;
    return { name, type, shape: this.sample(tensor), format: formatOf(tensor, this.reading.hint).format };
  }

  private sample({ path, table: { shape } }: TensorOf): Shape {
    const [batch, ...sample] = shape;
    if (batch !== this.reading.batch)
      throw new FormatError(
        FORMAT,
        path,
        `has the shape [${shape.join(', ')}], whose first axis is not that of the samples`,
      );
    return sample;
  }

  /** The value of an input. */
  value(i: number): Held {
    const tensor = this.tensor(this.inputs, i);
    const held = this.reading.values.get(this.inputs[i]!);
    if (held !== undefined) return held;
    return this.refuse(
      `reads ${tensor.path}, which ${tensor.data.length > 0 ? 'is a constant' : 'nothing before it has made'}`,
    );
  }

  /** The same with the last axis that it has in the file. */
  rows(i: number): Held {
    const held = this.value(i);
    const own = this.sample(this.tensor(this.inputs, i));
    if (held.shape.at(-1) === own.at(-1)) return held;
    return this.refuse(`reads [${own.join(', ')}], which the network has as [${held.shape.join(', ')}]`);
  }

  /** The same as an image, of two axes and channels, or as a sequence of one, which the file has as an image of one row. */
  image(i: number): Held & { readonly axes: 1 | 2 } {
    const held = this.value(i);
    const own = this.sample(this.tensor(this.inputs, i));
    if (own.length === 3 && sameShape(held.shape, own)) return { ...held, axes: 2 };
    if (held.shape.length === 2 && sameShape([1, ...held.shape], own)) return { ...held, axes: 1 };
    if (held.shape.length === 2 && sameShape(held.shape, own)) return { ...held, axes: 1 };
    return this.refuse(`reads [${own.join(', ')}], which the network has as [${held.shape.join(', ')}]`);
  }

  /** The shape that an input has in the file, with the axis of samples. */
  inputShape(i: number): Shape {
    return this.tensor(this.inputs, i).table.shape;
  }

  inputRank(i: number): number {
    return this.inputShape(i).length;
  }

  /** The name of a value that is a result as a whole. */
  private nameOf(result: string): string {
    const { names, wholes } = this.reading;
    return names.take(wholes.has(result) ? wholeName(result) : result);
  }

  /** A value with all its axes as one: a result, or what an operator makes of what it reads. */
  flattened(x: Held, isResult: boolean): Held {
    const { name } = this.result();
    const made = isResult ? this.nameOf(name) : this.reading.names.take(`${name}/flatten`);
    this.add(nodeOf('flatten', made, [x.value], {}, { format: x.format }));
    return { value: made, shape: [elementsOf(x.shape)], format: x.format };
  }

  /** An input, or the int8 of one, that comes in another shape. Refuses what is none, or has been read as it was. */
  reshapedInput({ value, format }: Held, shape: Shape): Held {
    const { inputs, inputOf, reads } = this.reading;
    const place = inputOf.get(value);
    const input = place === undefined ? undefined : inputs[place];
    const isRead = reads.has(value) || (input?.name !== value && reads.get(input?.name ?? '') !== 1);
    if (place === undefined || input === undefined || isRead)
      return this.refuse(
        `gives [${shape.join(', ')}]: networks change the shape of an input alone, or make one axis of all`,
      );
    inputs[place] = { ...input, shape };
    reads.set(value, 1);
    return { value, shape, format };
  }

  /** A value that holds an input in another format is that input as well. */
  followInput({ value }: Held): void {
    const place = this.reading.inputOf.get(value);
    const made = this.reading.values.get(this.outputs[0]!);
    if (place !== undefined && made !== undefined) this.reading.inputOf.set(made.value, place);
  }

  isConstant(i: number): boolean {
    const index = this.inputs[i] ?? -1;
    return this.reading.constants.has(index) || this.tensor(this.inputs, i).data.length > 0;
  }

  constant(i: number): Constant {
    const { constants, stored } = this.reading;
    const index = this.inputs[i] ?? -1;
    const known = constants.get(index);
    if (known !== undefined) return known;
    const tensor = this.tensor(this.inputs, i);
    if (tensor.data.length === 0) this.refuse(`needs ${tensor.path} as a constant`);
    const constant = stored.read(tensor);
    constants.set(index, constant);
    return constant;
  }

  /** The integers of a constant. */
  integers(i: number): readonly number[] {
    const { type, values } = this.constant(i);
    if (type !== 'int32') return this.refuse(`reads ${type} where it needs int32`);
    this.reading.stored.spend(values.byteLength);
    return Array.from(values);
  }

  /** Makes a constant of another: of the first result. */
  setConstant(constant: Constant): void {
    this.claim(0);
    this.reading.constants.set(this.outputs[0]!, constant);
  }

  private claim(i: number): void {
    const index = this.outputs[i] ?? -1;
    const { path, data } = this.tensor(this.outputs, i);
    const { values, constants } = this.reading;
    if (data.length > 0 || values.has(index) || constants.has(index))
      this.refuse(`makes ${path}, which is there already`);
  }

  /** Keeps a weight under a key like that of a layer here; its key. */
  weight(role: string, constant: Constant, order: readonly number[], drop = 0): string {
    this.reading.stored.spend(constant.values.byteLength);
    const stored = weightOf(constant, order);
    if (stored === null)
      return this.refuse(`has scales of its ${role} along axis ${constant.axis}, which is not that of its units`);
    const key = this.reading.names.take(`${this.result().name}/${role}`);
    // Axes of 1 in front are those of a sequence, which has none
    this.reading.weights.set(key, { ...stored, shape: stored.shape.slice(drop) });
    return key;
  }

  /** Adds a node, and checks that what it gives is what the file says of a result. */
  node<K extends Op>(
    op: K,
    inputs: readonly Held[],
    attrs: Attributes[K],
    { weights = {}, format = this.result().format, to = 0, fused = LINEAR, origin }: NodeOptions = {},
  ): void {
    const { names } = this.reading;
    const { name, shape: own } = this.result(to);
    const isLast = fused.name === 'linear';
    const made = isLast ? this.nameOf(name) : names.take(`${name}/${op}`);
    const node = nodeOf(
      op,
      made,
      inputs.map(({ value }) => value),
      attrs,
      { weights, format },
    );
    readAttributes(factsOf(node).attributes as Schema<object>, attrs, (field, wanted, value) =>
      this.refuse(`has ${field} of ${show(value)}, and ${wanted} is needed`),
    );
    const graph = { inputs: [], nodes: [], outputs: [], weights: this.reading.weights };
    const shape = factsOf(node).shape(givenOf(graph, node, inputs) as never);
    if (!sameShape(bare(shape), bare(own)))
      this.refuse(`gives [${own.join(', ')}] in the file, and from what it reads [${shape.join(', ')}]`);
    this.add(node);
    const held = { value: made, shape, format, ...(isLast && origin) };
    if (isLast) this.alias(held, to);
    else this.node('activation', [held], { activation: fused }, { format, to });
  }

  private add(node: Node): void {
    const { nodes, reads } = this.reading;
    nodes.push(node);
    for (const input of node.inputs) reads.set(input, (reads.get(input) ?? 0) + 1);
  }

  /** A result that has the numbers of a value. */
  alias(held: Held, to = 0): void {
    const { name, shape: own } = this.result(to);
    this.claim(to);
    wishFor(this.reading.wished, held.value, name);
    if (elementsOf(own) !== elementsOf(held.shape))
      this.refuse(`gives [${own.join(', ')}] in the file, and from what it reads [${held.shape.join(', ')}]`);
    this.reading.values.set(this.outputs[to]!, held);
  }

  /** The activation of an ending. */
  fused(type: number): ActivationSpec {
    const name = FUSED[type];
    return name ? { name } : this.refuse(`ends in the activation ${type}, and only RELU and RELU6 are known`);
  }

  padding(type: number): 'same' | 'valid' {
    return at(PADDINGS, type, this.path, 'the padding');
  }

  /**
   * What says how sums become int8, where it makes int8 of int8: in whole numbers, or as LiteRT.js does it, by the rule `float`.
   */
  rule<R extends 'multiplier' | 'xnnpack'>(format: Format, float: R): { readonly rule?: R | 'multiplier' } {
    const { hint, rule } = this.reading;
    if (format === null) return {};
    const { name } = this.result();
    const isFloat = rule === null ? hint.xnnpack.has(name) : rule === 'float';
    if (isFloat) return { rule: float };
    return rule === null && hint.float.has(name) ? {} : { rule: 'multiplier' };
  }
}

interface NodeOptions {
  readonly weights?: Readonly<Record<string, string>>;
  /** Default that of the result. */
  readonly format?: Format;
  /** Which result it is. Default 0. */
  readonly to?: number;
  /** An activation behind it, as a node of its own. */
  readonly fused?: ActivationSpec;
  /** What is to be known of the value that it makes. */
  readonly origin?: Pick<Held, 'whole' | 'gate' | 'mean'>;
}
