import type { Shape } from '../base/shape.ts';
import { hasStatistics } from '../graph/facts.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { requantizedIn } from '../graph/requantized.ts';
import { Random } from '../tensor/random.ts';
import type { Stage } from './forward.ts';
import type { Layer } from './layers.ts';
import type { Lowerable, Lowering } from './lowering.ts';
import type { Parameter } from './parameter.ts';

/** What a model is once the shape of its samples is known. */
export interface Built {
  readonly graph: Graph<Parameter>;
  readonly layerOf: ReadonlyMap<string, Lowerable>;
  readonly inputShapes: readonly Shape[];
  readonly outputShapes: readonly Shape[];
  /** Shapes of one sample after each layer. */
  readonly layerShapes: readonly Shape[];
  readonly stages: readonly {
    readonly node: Node;
    readonly stage: Stage;
    readonly isRead: boolean;
    /** Of a node that training moves statistics of: its layer, which may be frozen. */
    readonly mover: Layer | null;
  }[];
  readonly weights: readonly Parameter[];
}

/** The key of a running statistic of a node. */
const statisticOf = (node: Node): string | undefined =>
  hasStatistics(node) ? Object.values(node.weights)[0] : undefined;

export function builtOf(graph: Lowering, layers: readonly Layer[]): Built {
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  const { seed } = graph.context;
  const fused = new Set([...requantizedIn(graph)].flat());
  const turns = new Map<string, Node[]>(); // by statistic
  for (const node of graph.nodes) {
    const key = statisticOf(node);
    if (key !== undefined) turns.set(key, [...(turns.get(key) ?? []), node]);
  }
  const stages = graph.nodes.map((node) => {
    const own = turns.get(statisticOf(node) ?? '') ?? [node];
    const weights = Object.entries(node.weights).map(([role, key]) => [role, graph.weights.get(key)!.value]);
    const stage: Stage = {
      node,
      weights: Object.fromEntries(weights),
      random: node.op === 'dropout' ? new Random(seed, `${node.name}/dropout`) : null,
      layer: node.op === 'custom' ? (graph.layerOf.get(node.name) as Layer) : null,
      isFused: fused.has(node),
      turn: [own.indexOf(node), own.length],
    };
    const mover = hasStatistics(node) ? (graph.layerOf.get(node.name) as Layer) : null;
    return { node, stage, isRead: read.has(node.name), mover };
  });
  return {
    graph,
    layerOf: graph.layerOf,
    inputShapes: graph.inputs.map(({ shape }) => shape),
    outputShapes: graph.outputs.map((name) => graph.shapeOf(name)),
    layerShapes: layers.map((layer) => graph.shapeOf(graph.resultOf.get(layer)!)),
    stages,
    weights: [...graph.weights.values()],
  };
}
