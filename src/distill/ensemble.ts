import { ShapeError, StateError, ValueError } from '../base/errors.ts';
import { type Shape, sameShape } from '../base/shape.ts';
import { networkOf } from '../compress/passes.ts';
import { LINEAR } from '../graph/activation.ts';
import { floatsOf, valuesOf } from '../graph/check.ts';
import { float32Stored, type Stored } from '../graph/encoding.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { nodeOf } from '../graph/rewrite.ts';
import type { Teacher } from './teacher.ts';

/**
 * One network that gives the mean of the outputs of several, which read and give the same: of probabilities the mean of these.
 * A network as any other: to be measured, stored and run. As a teacher, also one that is read from a file, it is taken for the
 * list of its members where their outputs are probabilities. Throws for networks that differ in what they read or give, and
 * StateError for float64.
 *
 * @example
 * const other = cloneModel(model);
 * other.fit(x, y, { epochs: 1 });
 * const both = ensembleNetwork([model, other]);
 * measure(both, { samples: [xTest, yTest], latency: false }).score; // 1
 */
export const ensembleNetwork = (subjects: readonly Teacher[]): Network => averageOf('ensembleNetwork', subjects);

/** The same for another function, whose name is in errors. */
export function averageOf(op: string, subjects: readonly Teacher[]): Network {
  if (!Array.isArray(subjects) || subjects.length === 0)
    throw new ValueError(op, 'subjects', 'a list of models or networks', subjects);
  const graphs = (subjects as readonly Teacher[]).map((each) => networkOf(op, each));
  const first = graphs[0]!;
  const outputsOf = (graph: Graph<Stored>): readonly Shape[] => {
    const values = valuesOf(graph);
    return graph.outputs.map((name) => values.get(name)!.shape);
  };
  const shapes = outputsOf(first);
  const nodes: Node[] = [];
  const weights = new Map<string, Stored>();
  const said = graphs.map((graph, i) => {
    if (floatsOf(graph) === 'float64') throw new StateError(op, 'needs networks of float32');
    const reads = graph.inputs.map(({ shape }) => shape);
    const own = first.inputs.map(({ shape }) => shape);
    const isAlike = (p: readonly Shape[], q: readonly Shape[]): boolean =>
      p.length === q.length && p.every((shape, j) => sameShape(shape, q[j]!));
    const types = graph.inputs.every(({ dtype }, j) => dtype === first.inputs[j]?.dtype);
    if (!isAlike(reads, own) || !types) throw new ShapeError(op, [...own, ...reads], 'all must read the same samples');
    if (!isAlike(outputsOf(graph), shapes))
      throw new ShapeError(op, [...shapes, ...outputsOf(graph)], 'all must have the same outputs');
    const inputs = new Map(graph.inputs.map(({ name }, j) => [name, first.inputs[j]!.name]));
    const named = (name: string): string => inputs.get(name) ?? `${i}/${name}`;
    for (const [key, weight] of graph.weights) weights.set(`${i}/${key}`, weight);
    for (const node of graph.nodes) {
      const keys = Object.entries(node.weights).map(([role, key]) => [role, `${i}/${key}`]);
      nodes.push({
        ...node,
        name: named(node.name),
        inputs: node.inputs.map(named),
        weights: Object.fromEntries(keys),
      });
    }
    return graph.outputs.map(named);
  });
  const outputs = shapes.map((shape, j) => {
    const width = shape.at(-1);
    if (width === undefined) throw new ShapeError(op, [shape], 'an output has an axis at least');
    const all = said.map((own) => own[j]!);
    if (all.length === 1) return all[0]!;
    // No operation scales; of a kernel with a mask the diagonal alone is stored, counted and trained
    const share = new Float32Array(width * width);
    for (let k = 0; k < width; k++) share[k * (width + 1)] = 1 / all.length;
    const kernel = `mean_${j}/kernel`;
    weights.set(kernel, {
      ...float32Stored([width, width], share),
      mask: Uint8Array.from(share, (x) => Number(x !== 0)),
    });
    nodes.push(nodeOf('add', `sum_${j}`, all, {}));
    nodes.push(nodeOf('dense', `mean_${j}`, [`sum_${j}`], { activation: LINEAR }, { weights: { kernel } }));
    return `mean_${j}`;
  });
  return new Network({ inputs: first.inputs, nodes, outputs, weights });
}
