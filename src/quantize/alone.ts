import { StateError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph, Node, QuantizationParams } from '../graph/graph.ts';
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
export function withOnly(real: Graph<Stored>, quantized: Graph<Stored>, kept: ReadonlySet<string>): Alone {
  const makers = new Map(quantized.nodes.map((node) => [node.name, node]));
  const values = new Set(namesOf(real));
  const names = new Names(values);
  const keys = new Names(real.weights.keys());
  const weights = new Map(real.weights);
  const moved = new Map<string, string>(); // keys
  const copies = new Map<string, string>(); // values
  const nodes: Node[] = [];
  const reads: Read[] = [];
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
    if (node.op === 'quantize') reads.push({ value: inputs[0]!, format: node.format! });
    return name;
  };
  /** A value of the quantized network, made of those of the real one. */
  const copied = (value: string): string => {
    const known = copies.get(value);
    if (known !== undefined) return known;
    const maker = makers.get(value);
    const format = maker?.format ?? null;
    let name = value;
    if (values.has(value)) {
      if (format !== null) {
        const bytes = nodeOf('quantize', names.take(`${value}/quantize`), [value], {}, { format });
        name = put(bytes, bytes.name, bytes.inputs);
      }
    } else name = put(maker!, names.take(value), maker!.inputs.map(copied));
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

/** A network that gives the real numbers of these values of its own. */
export function tapped(graph: Graph<Stored>, values: readonly string[]): Graph<Stored> {
  const makers = new Map(graph.nodes.map((node) => [node.name, node]));
  const names = new Names(namesOf(graph));
  const nodes = [...graph.nodes];
  const outputs = values.map((value) => {
    if ((makers.get(value)?.format ?? null) === null) return value;
    const real = names.take(`${value}/dequantize`);
    nodes.push(nodeOf('dequantize', real, [value], {}));
    return real;
  });
  return { ...graph, nodes, outputs };
}
