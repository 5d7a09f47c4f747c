import { expect, test } from 'vitest';
import type { ActivationName } from '../../src/graph/activation.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { nodeOf, withFusedActivations } from '../../src/graph/rewrite.ts';

test('activations one behind the other go into a product until one of them does something', () => {
  const activation = (name: ActivationName) => ({ activation: { name } });
  const graph: Graph<null> = {
    inputs: [{ name: 'x', shape: [2], dtype: 'float32' }],
    nodes: [
      nodeOf('dense', 'd', ['x'], activation('linear'), { weights: { kernel: 'k' } }),
      nodeOf('activation', 'a', ['d'], activation('linear')),
      nodeOf('activation', 'b', ['a'], activation('relu')),
      nodeOf('activation', 'c', ['b'], activation('tanh')),
    ],
    outputs: ['c'],
    weights: new Map([['k', null]]),
  };
  const { nodes, outputs } = withFusedActivations(graph);
  const parts = nodes.map(({ op, inputs, attrs }) => [
    op,
    inputs,
    (attrs as ReturnType<typeof activation>).activation.name,
  ]);
  expect(parts).toEqual([
    ['dense', ['x'], 'relu'],
    ['activation', [nodes[0]!.name], 'tanh'],
  ]);
  expect(outputs).toEqual([nodes[1]!.name]);
});
