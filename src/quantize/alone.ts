import { StateError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import { type ActivationSpec, LINEAR } from '../graph/activation.ts';
import type { Stored } from '../graph/encoding.ts';
import { hasKernel } from '../graph/facts.ts';
import { activationIn, type Graph, type Node, type QuantizationParams } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';
import { layersOf, mainKey } from './layer-formats.ts';

/** Throws StateError unless the layers of a real network of `plainOf` are those of the quantized one. */
export function checkForms(op: string, real: Graph<Stored>, quantized: Graph<Stored>): void {
  const others = new Map(quantized.nodes.map((node) => [node.name, node]));
  for (const node of [...layersOf(real).values()].flat()) {
    const other = others.get(node.name);
    const shapes = [real.weights.get(mainKey(node))!.shape, other && quantized.weights.get(mainKey(other))?.shape];
    if (other?.op !== node.op || shapes[1] === undefined || !sameShape(shapes[0]!, shapes[1]))
      throw new StateError(
        op,
        `the quantized network has no layer "${node.name}" (${node.op}) as the other: it must have been made of that`,
      );
  }
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
