import { describe, expect, test } from 'vitest';
import { noting } from '../../kernels/calls.ts';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { ActivationName } from '../../src/graph/activation.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Attributes, Node } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { fromNetwork, tensor } from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { floats } from '../kernels/reference/tools.ts';

const tables: Readonly<Record<string, Kernels>> = { reference, cpu, wasm: wasm() };
const named = (name: ActivationName) => ({ activation: { name } });
const weight = (shape: readonly number[], seed: number): Stored => {
  const values = floats(
    shape.reduce((n, size) => n * size, 1),
    seed,
  );
  return { shape, encoding: { type: 'float32', values }, mask: null };
};

/** Of images [6, 5, 3], with the weights that its nodes name: kernels k 3x3x3x20, j 1x1x3x4, g 2x2x1x3 and d 3x7, biases b and c. */
function networkOf(nodes: readonly Node[], outputs: readonly string[] = [nodes.at(-1)!.name]): Network {
  const all: Record<string, Stored> = {
    k: weight([3, 3, 3, 20], 1),
    b: weight([20], 2),
    j: weight([1, 1, 3, 4], 3),
    g: weight([2, 2, 1, 3], 4),
    d: weight([3, 7], 5),
    c: weight([7], 6),
  };
  const used = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
  return new Network({
    inputs: [{ name: 'x', shape: [6, 5, 3], dtype: 'float32' }],
    nodes,
    outputs,
    weights: new Map(Object.entries(all).filter(([key]) => used.has(key))),
  });
}

type Padding = Attributes['conv']['padding'];
const conv = (
  name: string,
  input: string,
  kernel: 'k' | 'j' | 'g',
  padding: Padding = 'valid',
  strides = [1, 1],
): Node =>
  nodeOf(
    'conv',
    name,
    [input],
    { ...named('linear'), strides, dilations: [1, 1], padding, groups: kernel === 'g' ? 3 : 1 },
    { weights: kernel === 'k' ? { kernel, bias: 'b' } : { kernel } },
  );
const pad = (name: string, input: string, ...widths: [number, number][]): Node =>
  nodeOf('zeroPad', name, [input], { widths });
const dense = (name: string, input: string, activation: ActivationName = 'linear'): Node =>
  nodeOf('dense', name, [input], named(activation), { weights: { kernel: 'd', bias: 'c' } });
const activation = (name: string, input: string, which: ActivationName): Node =>
  nodeOf('activation', name, [input], named(which));
const dropout = (name: string, input: string): Node => nodeOf('dropout', name, [input], { rate: 0.5, training: false });

/** The kernels that a program calls, after its results were found to be the model's on every table, for one sample and for three. */
function callsOf(network: Network): string[] {
  const x = floats(3 * 90, 7);
  const model = fromNetwork(network);
  const given = model.predict(tensor(x, { shape: [3, 6, 5, 3] }));
  const wanted = (Array.isArray(given) ? given : [given]).map(({ data }) => [...data]);
  let calls: string[] = [];
  for (const [name, table] of Object.entries(tables)) {
    calls = [];
    const names = new Map(Object.entries(table).map(([key, kernel]) => [kernel as unknown, key]));
    const noted = noting(table, ({ kernel }) => void calls.push(names.get(kernel)!));
    const program = compileNetwork(network, 3, { ...table, ...noted });
    calls.length = 0;
    for (const samples of [3, 1])
      expect(
        program.run([x], samples).map((y) => [...y]),
        `${samples} on ${name}`,
      ).toEqual(wanted.map((y) => y.slice(0, (y.length / 3) * samples)));
    program.dispose();
  }
  return calls.slice(0, calls.length / 2);
}

describe('a program has the bits of its model', () => {
  test('where an activation stands behind a product, or something idle between them', () => {
    const behind = (which: ActivationName) => [dense('h', 'x'), dropout('o', 'h'), activation('y', 'o', which)];
    expect(callsOf(networkOf(behind('relu6')))).toEqual(['gemmPanels']);
    expect(callsOf(networkOf(behind('softmax')))).toEqual(['gemmPanels', 'softmax']);
    expect(callsOf(networkOf([conv('h', 'x', 'k'), activation('y', 'h', 'relu')]))).toEqual(['conv2dPanels']);
    expect(callsOf(networkOf([conv('h', 'x', 'g'), activation('y', 'h', 'relu')]))).toEqual(['conv2d']);
  });

  test('where others read what an activation reads, or it is wanted, or is activated already', () => {
    const two = [dense('h', 'x'), activation('r', 'h', 'relu'), nodeOf('add', 'y', ['h', 'r'], {})];
    expect(callsOf(networkOf(two))).toEqual(['gemmPanels', 'relu', 'add']);
    expect(callsOf(networkOf([dense('h', 'x'), activation('y', 'h', 'relu')], ['y', 'h']))).toEqual([
      'gemmPanels',
      'relu',
    ]);
    expect(callsOf(networkOf([dense('h', 'x', 'tanh'), activation('y', 'h', 'relu')]))).toEqual([
      'gemmPanels',
      'tanh',
      'relu',
    ]);
  });

  test('where zeros around images are read by convolutions alone, whatever padding these have', () => {
    const padded = (...convs: Node[]) => [pad('p', 'x', [2, 1], [0, 5]), ...convs];
    expect(callsOf(networkOf(padded(conv('y', 'p', 'k'))))).toEqual(['conv2dPanels']);
    expect(callsOf(networkOf(padded(conv('y', 'p', 'j'))))).toEqual(['conv2dPanels']); // outside by more than the window
    const own: Padding = [
      [1, 0],
      [1, 1],
    ];
    const branches = padded(
      conv('u', 'p', 'k', own, [2, 3]),
      conv('v', 'p', 'g', own, [2, 1]),
      activation('w', 'v', 'relu'),
    );
    expect(callsOf(networkOf(branches, ['u', 'w']))).toEqual(['conv2dPanels', 'conv2d']);
  });

  test('where zeros around images are read by something else too, or are wanted', () => {
    const padded = (...nodes: Node[]) => [pad('p', 'x', [1, 1], [2, 0]), ...nodes];
    const pool = nodeOf('pool', 'q', ['p'], { kind: 'average', size: [2, 2], strides: [2, 2], padding: 'valid' });
    const copy = ['fill', 'stridedCopy'];
    expect(callsOf(networkOf(padded(conv('y', 'p', 'k'), pool), ['y', 'q']))).toEqual([
      ...copy,
      'conv2dPanels',
      'avgPool',
    ]);
    expect(callsOf(networkOf(padded(conv('y', 'p', 'k')), ['y', 'p']))).toEqual([...copy, 'conv2dPanels']);
    expect(callsOf(networkOf(padded(conv('y', 'p', 'k', 'same'))))).toEqual([...copy, 'conv2dPanels']);
  });
});

test('zeros outside are multiplied, as those around an image are: an infinite weight makes them NaN', () => {
  const network = networkOf([pad('p', 'x', [1, 1], [1, 1]), conv('y', 'p', 'k')]);
  const { encoding } = network.weights.get('k')!;
  (encoding.values as Float32Array)[0] = Infinity;
  expect(callsOf(network)).toEqual(['conv2dPanels']);
  const [y] = compileNetwork(network, 1, wasm()).run([new Float32Array(90).fill(1)]);
  expect([y![0], y![20 * 7]]).toEqual([NaN, Infinity]);
});

describe('weights are packed', () => {
  test('once for all nodes that have them, and not in a run', () => {
    const two = networkOf([dense('h', 'x'), dropout('o', 'x'), dense('i', 'o'), nodeOf('add', 'y', ['h', 'i'], {})]);
    let packs = 0;
    const program = compileNetwork(two, 1, {
      ...cpu,
      packPanels: (...args) => {
        packs++;
        cpu.packPanels(...args);
      },
    });
    program.run(new Float32Array(90));
    program.run(new Float32Array(90));
    expect(packs).toBe(1);
  });

  test('for each shape that one array has, and stay as they are for who reads them so', () => {
    const { encoding } = weight([3, 3, 3, 20], 8);
    const seen = new Map<string, Stored>();
    const keyOf = (...shape: number[]): { weights: { kernel: string } } => {
      seen.set(`${shape}`, { shape, encoding, mask: null });
      return { weights: { kernel: `${shape}` } };
    };
    const steps = { ...named('linear'), strides: [1, 1], padding: 'valid' } as const;
    const nodes = [
      nodeOf('conv', 'a', ['x'], { ...steps, dilations: [1, 1], groups: 1 }, keyOf(3, 3, 3, 20)),
      nodeOf('conv', 'b', ['x'], { ...steps, dilations: [1, 1], groups: 1 }, keyOf(2, 3, 3, 30)),
      nodeOf('convTranspose', 'c', ['x'], steps, keyOf(3, 3, 20, 3)),
      nodeOf('conv', 'd', ['x'], { ...steps, dilations: [1, 1], groups: 3 }, keyOf(3, 4, 1, 45)),
    ];
    const names = nodes.map(({ name }) => name);
    const inputs = [{ name: 'x', shape: [6, 5, 3], dtype: 'float32' }] as const;
    const calls = callsOf(new Network({ inputs, nodes, outputs: names, weights: seen }));
    expect(calls).toEqual(['conv2dPanels', 'conv2dPanels', 'conv2dTransposed', 'conv2d']);
  });
});
