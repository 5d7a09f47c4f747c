/** Networks of very many nodes: nothing recurs, spreads arguments, or takes time that grows with their square. */
import { expect, test } from 'vitest';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { fromNetwork, loadModel, measure, ones, predictNetwork, quantize, shrink } from '../../src/index.ts';
import type { Attributes, Node, Op, Stored } from '../../src/infer/index.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/index.ts';

const weight: Stored = { shape: [1, 1], encoding: { type: 'float32', values: Float32Array.of(1) }, mask: null };
const none: ReadonlyMap<string, Stored> = new Map();

function chain<K extends Op>(count: number, op: K, attrs: Attributes[K]): Network {
  const nodes: Node[] = [];
  for (let i = 0; i < count; i++) nodes.push(nodeOf(op, `n${i}`, [i === 0 ? 'x' : `n${i - 1}`], attrs));
  const inputs = [{ name: 'x', shape: [1], dtype: 'float32' }] as const;
  return new Network({ inputs, nodes, outputs: [`n${count - 1}`], weights: new Map(none) });
}

test('a long chain is printed, stored, measured and run', () => {
  const network = chain(20_000, 'dropout', { rate: 0.5, training: false });
  expect(String(network).split('\n')).toHaveLength(20_002);
  expect(decodeNetwork(encodeNetwork(network)).network).toEqual(network);
  const outputs = { coding: 'numbers', scale: 'reals' } as const;
  expect(measure(network, { samples: [ones([2, 1]), ones([2, 1])], latency: false, outputs }).score).toBe(1);
  expect([...predictNetwork(network, ones([2, 1])).data]).toEqual([1, 1]);
  expect(shrink(network)).toEqual(network);
});

test('a chain of many layers becomes a model', () => {
  const network = chain(10_000, 'activation', { activation: { name: 'relu' } });
  expect(fromNetwork(network).layers).toHaveLength(10_000);
  expect(loadModel(encodeNetwork(network)).layers).toHaveLength(10_000);
});

test('one value with many readers is quantized', () => {
  const count = 10_000;
  const linear = { activation: { name: 'linear' } } as const;
  const nodes = Array.from({ length: count }, (_, i) =>
    nodeOf('dense', `d${i}`, ['x'], linear, { weights: { kernel: 'k' } }),
  );
  nodes.push(
    nodeOf(
      'add',
      'sum',
      nodes.map(({ name }) => name),
      {},
    ),
  );
  const inputs = [{ name: 'x', shape: [1], dtype: 'float32' }] as const;
  const network = new Network({ inputs, nodes, outputs: ['sum'], weights: new Map([['k', weight]]) });
  const int8 = quantize(network, { calibration: ones([2, 1]) });
  expect(predictNetwork(int8, ones([1, 1])).data[0]).toBeCloseTo(count, -2);
});
