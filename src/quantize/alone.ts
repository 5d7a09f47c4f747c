import { listed, StateError, ValueError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import { networkOf } from '../compress/passes.ts';
import { type ActivationSpec, LINEAR } from '../graph/activation.ts';
import { valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { encodingText } from '../graph/encoding-text.ts';
import { hasKernel } from '../graph/facts.ts';
import { activationIn, type Graph, type Node, type QuantizationParams } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';
import { Model } from '../nn/model.ts';
import { layersOf, mainKey } from './layer-formats.ts';
import { weightRoleOf } from './layers.ts';
import { isQuantized } from './plain.ts';

/** Throws StateError unless the ports and layers of a real network of `plainOf` are those of the quantized one. */
export function checkForms(op: string, real: Graph<Stored>, quantized: Graph<Stored>): void {
  checkPorts(op, real, quantized);
  const others = new Map(quantized.nodes.map((node) => [node.name, node]));
  for (const node of [...layersOf(real).values()].flat()) {
    const other = others.get(node.name);
    const { shape } = real.weights.get(mainKey(node))!;
    const twin = other?.op === node.op ? quantized.weights.get(mainKey(other)) : undefined;
    if (twin !== undefined && sameShape(shape, twin.shape)) continue;
    const problem = `the quantized network has no layer "${node.name}" (${node.op}) with a ${weightRoleOf(node)} ${listed(shape)}`;
    throw new StateError(op, `${problem}, which the subject has: pass the model or network that it was made of`);
  }
}

/** Throws StateError where inputs or outputs of both have other shapes. */
function checkPorts(op: string, real: Graph<Stored>, quantized: Graph<Stored>): void {
  const own = portsOf(real);
  const other = portsOf(quantized);
  if (own === other) return;
  const problem = `the quantized network has ${other}, the subject ${own}`;
  throw new StateError(op, `${problem}: pass the model or network that it was made of`);
}

function portsOf(graph: Graph<Stored>): string {
  const values = valuesOf(graph);
  const shapes = (names: readonly string[]): string => names.map((name) => listed(values.get(name)!.shape)).join(', ');
  return `inputs ${shapes(graph.inputs.map(({ name }) => name))} and outputs ${shapes(graph.outputs)}`;
}

/**
 * The quantized network, with its numbers. Throws ValueError for what is no network, and StateError for a subject, what it was
 * made of, that is quantized itself.
 */
export function quantizedOf(op: string, subject: Model | Graph<Stored>, quantized: Graph<Stored>): Graph<Stored> {
  const { weights } = Object(subject) as Graph<Stored>;
  for (const [key, weight] of subject instanceof Model || !(weights instanceof Map) ? [] : weights)
    if (isQuantized(weight))
      throw new StateError(
        op,
        `${key} of the subject is ${encodingText(weight.encoding)}: give the real model or network first, then what was made of it`,
      );
  if (typeof quantized === 'object' && quantized !== null && 'nodes' in quantized && !(quantized instanceof Model))
    return networkOf(op, quantized);
  throw new ValueError(op, 'the quantized network', 'a network, as quantize makes it of the subject', quantized);
}

/**
 * The real network with the activations apart that are nodes of their own in its quantized form, under the names that they have
 * there: tables of integers stand behind a product and not in it.
 */
export function splitAs(real: Graph<Stored>, quantized: Graph<Stored>): Graph<Stored> {
  const taken = new Set(namesOf(real));
  const twins = new Map(quantized.nodes.map((node) => [node.name, node]));
  const ends = new Map<string, string>(); // of what was split, by its name
  const now = (name: string): string => ends.get(name) ?? name;
  const nodes: Node[] = [];
  for (const given of real.nodes) {
    const node = { ...given, inputs: given.inputs.map(now) } as Node;
    const activation = activationIn(node);
    const twin = twins.get(node.name);
    const isSplit = activation !== null && twin !== undefined && activationIn(twin)?.name !== activation.name;
    const end = isSplit && quantized.nodes.find((other) => isActivationOf(other, node.name, activation, taken));
    if (!end) {
      nodes.push(node);
      continue;
    }
    nodes.push({ ...node, attrs: { ...node.attrs, activation: LINEAR } } as Node);
    nodes.push(nodeOf('activation', end.name, [node.name], { activation }));
    ends.set(node.name, end.name);
  }
  return ends.size === 0 ? real : { ...real, nodes, outputs: real.outputs.map(now) };
}

const isActivationOf = (node: Node, value: string, { name }: ActivationSpec, taken: ReadonlySet<string>): boolean =>
  node.inputs[0] === value && !hasKernel(node) && activationIn(node)?.name === name && !taken.has(node.name);

/** A value that a layer makes integers of before it multiplies. */
export interface Read {
  readonly value: string;
  readonly format: QuantizationParams;
}

export interface Alone {
  readonly graph: Graph<Stored>;
  /** What becomes integers for those layers. */
  readonly reads: readonly Read[];
}

/**
 * A real network, of `plainOf`, in which these nodes alone are as in its quantized form: they read integers where they do
 * there, made of real numbers, multiply what they multiply there, and round what they give as they do there.
 */
export function withOnly(given: Graph<Stored>, quantized: Graph<Stored>, kept: ReadonlySet<string>): Alone {
  const real = splitAs(given, quantized);
  const makers = new Map(quantized.nodes.map((node) => [node.name, node]));
  const values = new Set(namesOf(real));
  const names = new Names(values);
  const keys = new Names(real.weights.keys());
  const weights = new Map(real.weights);
  const moved = new Map<string, string>(); // keys
  const copies = new Map<string, string>(); // values
  const nodes: Node[] = [];
  const reads: Read[] = [];
  const whole = new Set<string>(); // copies that are integers
  const keyOf = (key: string): string => {
    const known = moved.get(key);
    if (known !== undefined) return known;
    const own = keys.take(key);
    weights.set(own, quantized.weights.get(key)!);
    moved.set(key, own);
    return own;
  };
  const put = (node: Node, name: string, inputs: readonly string[]): string => {
    const own = Object.fromEntries(Object.entries(node.weights).map(([role, key]) => [role, keyOf(key)]));
    nodes.push({ ...node, name, inputs, weights: own } as Node);
    return name;
  };
  /** A value of the quantized network, made of those of the real one. */
  const copied = (value: string): string => {
    const known = copies.get(value);
    if (known !== undefined) return known;
    const format = makers.get(value)?.format ?? null;
    let name = value;
    const isReal = values.has(value);
    if (!isReal || format !== null) {
      // What is in the quantized network alone, or what there another layer gives as integers: these are made of the real value
      const maker = isReal ? nodeOf('quantize', `${value}/quantize`, [value], {}, { format }) : makers.get(value)!;
      const inputs = isReal ? [value] : maker.inputs.map(copied);
      name = put(maker, names.take(maker.name), inputs);
      if (format !== null && !whole.has(inputs[0]!)) reads.push({ value: inputs[0]!, format });
      if (format !== null) whole.add(name);
    }
    copies.set(value, name);
    return name;
  };
  for (const node of real.nodes) {
    if (!kept.has(node.name)) {
      nodes.push(node);
      continue;
    }
    const own = makers.get(node.name)!;
    const inputs = own.inputs.map(copied);
    if (own.format === null) put(own, node.name, inputs);
    else {
      const bytes = put(own, names.take(`${node.name}/int8`), inputs);
      nodes.push(nodeOf('dequantize', node.name, [bytes], {}));
    }
  }
  const used = new Set(nodes.flatMap((node) => Object.values(node.weights)));
  return { graph: { ...real, nodes, weights: new Map([...weights].filter(([key]) => used.has(key))) }, reads };
}
