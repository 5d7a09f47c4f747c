import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { StateError, ValueError } from '../../src/base/errors.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileNetwork, type Graph, type Node, type QuantizationParams, type Stored } from '../../src/infer/index.ts';

const tables = Object.entries({ reference, cpu, wasm: wasm() });
const p: QuantizationParams = { scale: 0.5, zeroPoint: 3 };
const q: QuantizationParams = { scale: 0.25, zeroPoint: -7 };
const r: QuantizationParams = { scale: 0.125, zeroPoint: 0 };
const identity = (name: string, input: string, format: QuantizationParams | null = null): Node =>
  nodeOf('flatten', name, [input], {}, { format });
const quantize = (name: string, input: string, format: QuantizationParams): Node =>
  nodeOf('quantize', name, [input], {}, { format });
const real = (name: string, input: string): Node => nodeOf('dequantize', name, [input], {});

/** Inputs a, b and c of one shape through these nodes. */
function network(shape: readonly number[], nodes: readonly Node[], outputs: readonly string[]): Network {
  const inputs = ['a', 'b', 'c'].map((name) => ({ name, shape, dtype: 'float32' }) as const);
  return new Network({ inputs, nodes, outputs, weights: new Map<string, Stored>() });
}
const samples = [
  [1, 2, 3, 4],
  [10, 20, 30, 40],
  [100, -200, 0.25, -0.75],
].map((values) => Float32Array.from(values));

/** What an int8 of this format says of a number. */
const rounded = (x: number, { scale, zeroPoint }: QuantizationParams): number => {
  const steps = x / scale;
  const floor = Math.floor(steps);
  const even = steps - floor === 0.5 ? (floor % 2 === 0 ? floor : floor + 1) : Math.round(steps);
  return (Math.min(127, Math.max(-128, even + zeroPoint)) - zeroPoint) * scale;
};

describe.each(tables)('on %s', (_, kernels) => {
  const run = (of: Network): number[][] => {
    const program = compileNetwork(of, 2, kernels);
    return program.run(samples, 4 / program.inputShape.reduce((product, n) => product * n, 1)).map((y) => [...y]);
  };

  test('real values are added in order, put side by side, and parted', () => {
    const sum = nodeOf('add', 's', ['a', 'b', 'c'], {});
    expect(run(network([2], [sum], ['s']))).toEqual([[111, -178, 33.25, 43.25]]);
    const both = nodeOf('concat', 'ab', ['b', 'a'], {});
    expect(run(network([2], [both], ['ab']))).toEqual([[10, 20, 1, 2, 30, 40, 3, 4]]);
    const part = nodeOf('split', 'p', ['ab'], { from: 1, to: 3 });
    expect(run(network([2], [both, part], ['p', 'ab']))).toEqual([
      [20, 1, 40, 3],
      [10, 20, 1, 2, 30, 40, 3, 4],
    ]);
    // along the last axis of deeper samples
    expect(run(network([2, 2], [both, part], ['p']))).toEqual([[20, 1, 40, 3]]);
  });

  test('a value is added to itself as often as it is named', () => {
    for (const times of [2, 3, 4]) {
      const sum = nodeOf('add', 's', Array<string>(times).fill('a'), {});
      expect(run(network([2], [sum], ['s']))).toEqual([[1, 2, 3, 4].map((x) => times * x)]);
    }
  });

  test('int8 values of several formats are added, put side by side, parted and requantized', () => {
    const bytes = [quantize('qa', 'a', p), quantize('qb', 'b', q), quantize('qc', 'c', r)];
    const [a, b, c] = samples.map((values, i) => Array.from(values, (x) => rounded(x, [p, q, r][i]!)));
    const sum = nodeOf('add', 's', ['qa', 'qb', 'qc'], {}, { format: p });
    expect(run(network([2], [...bytes, sum, real('y', 's')], ['y']))).toEqual([
      a!.map((x, i) => rounded(x + b![i]! + c![i]!, p)),
    ]);
    const both = nodeOf('concat', 'ab', ['qa', 'qb', 'qa'], {}, { format: p });
    const side = [0, 1].flatMap((row) => [a!, b!, a!].flatMap((x) => x.slice(2 * row, 2 * row + 2)));
    expect(run(network([2], [...bytes, both, real('y', 'ab')], ['y']))).toEqual([side.map((x) => rounded(x, p))]);
    const part = nodeOf('split', 'p', ['ab'], { from: 2, to: 5 }, { format: p });
    expect(run(network([2], [...bytes, both, part, real('y', 'p')], ['y']))).toEqual([
      [0, 1].flatMap((row) => side.slice(6 * row + 2, 6 * row + 5)).map((x) => rounded(x, p)),
    ]);
    const again = [...bytes, identity('f', 'qb', q), quantize('g', 'f', p), real('y', 'g')];
    expect(run(network([2], again, ['y']))).toEqual([b!.map((x) => rounded(x, p))]);
  });

  test('several outputs may be one value, an input, or a view of one', () => {
    expect(run(network([2], [identity('f', 'a')], ['f', 'a', 'f']))).toEqual(Array(3).fill([1, 2, 3, 4]));
  });
});

describe('a program of several inputs', () => {
  const sum = network([2], [nodeOf('add', 's', ['a', 'b'], {}), nodeOf('add', 't', ['s', 'c'], {})], ['t', 's']);
  const program = compileNetwork(sum, 3, reference);

  test('takes a list and gives a list, in the order of the network', () => {
    expect(program.inputShapes).toEqual([[2], [2], [2]]);
    expect(program.outputShapes).toEqual([[2], [2]]);
    const [t, s] = program.run(samples);
    expect([[...t!], [...s!]]).toEqual([
      [111, -178, 33.25, 43.25],
      [11, 22, 33, 44],
    ]);
    expect(program.run(samples, 1).map((y) => [...y])).toEqual([
      [111, -178],
      [11, 22],
    ]);
  });

  test('refuses lists and arrays that are not its inputs, and names the input', () => {
    const refused =
      (given: unknown, n?: number): (() => unknown) =>
      () =>
        program.run(given as Float32Array[], n);
    expect(refused(samples[0])).toThrow('run: inputs must be a list of 3 for 2 outputs, got ');
    expect(refused(samples.slice(1))).toThrow(ValueError);
    expect(refused([...samples.slice(1), [1, 2, 3, 4]])).toThrow(
      'run: input "c" must be a Float32Array, got [1, 2, 3, 4]',
    );
    expect(refused([samples[0], samples[1], new Float32Array(6)])).toThrow(
      '3 samples for input "c", and 2 for the inputs',
    );
    expect(refused([samples[0], samples[1], new Float32Array(5)])).toThrow('5 numbers are no whole number of samples');
    expect(refused([samples[0], samples[1], new Float32Array(2)], 2)).toThrow('2 numbers are less than 2 samples');
    expect(refused([samples[0], samples[1], new Float32Array(9)], 2)()).toHaveLength(2);
  });

  test('of one input and one output takes an array, or a list of one', () => {
    const one = { ...network([2], [identity('f', 'a')], ['f']), inputs: network([2], [], ['a']).inputs.slice(0, 1) };
    const single = compileNetwork(one, 2, reference);
    expect([...single.run(samples[0]!)]).toEqual([1, 2, 3, 4]);
    expect(single.run([samples[0]!]).map((y) => [...y])).toEqual([[1, 2, 3, 4]]);
  });

  test('reads integers where the network says so', () => {
    const ids = { name: 'ids', shape: [2], dtype: 'int32' } as const;
    const given: Graph<Stored> = { inputs: [ids], nodes: [], outputs: [], weights: new Map() };
    const read = compileNetwork({ ...given, inputs: [ids, sum.inputs[0]!], outputs: ['a'] }, 2, reference);
    expect(read.run([Int32Array.of(1, 2, 3, 4), samples[0]!]).map((y) => [...y])).toEqual([[1, 2, 3, 4]]);
    expect(() => read.run([samples[0]!, samples[0]!])).toThrow('input "ids" must be a Int32Array');
  });
});

test('one array that two weights of different shapes hold is packed for each of them', () => {
  const values = Int8Array.of(1, -2, 3, 4, -5, 6, 7, -8);
  const weight = (numbers: Int8Array, ...shape: [number, number]): Stored => ({
    shape,
    encoding: { type: 'int8', values: numbers, scales: new Float32Array(shape[1]).fill(0.5) },
    mask: null,
  });
  const given = (second: Int8Array): Network =>
    new Network({
      inputs: [
        { name: 'a', shape: [2], dtype: 'float32' },
        { name: 'b', shape: [4], dtype: 'float32' },
      ],
      nodes: [
        quantize('qa', 'a', r),
        quantize('qb', 'b', r),
        nodeOf('dense', 'x', ['qa'], { activation: { name: 'linear' } }, { weights: { kernel: 'k' } }),
        nodeOf('dense', 'y', ['qb'], { activation: { name: 'linear' } }, { weights: { kernel: 'l' } }),
      ],
      outputs: ['x', 'y'],
      weights: new Map([
        ['k', weight(values, 2, 4)],
        ['l', weight(second, 4, 2)],
      ]),
    });
  const run = (network: Network): number[][] =>
    compileNetwork(network, 1, wasm())
      .run([Float32Array.of(1, 2), Float32Array.of(1, 2, 3, 4)])
      .map((y) => [...y]);
  expect(run(given(values))).toEqual(run(given(values.slice())));
});

describe('what has no program is refused by name', () => {
  test.each([
    [nodeOf('custom', 'mine', ['a'], { type: 'own', outputShape: [2] }), 'node "mine" (custom) is code'],
    [nodeOf('dropout', 'd', ['a'], { rate: 0.5, training: true }), 'node "d" (dropout) draws numbers'],
  ])('%#', (node, message) => {
    const given = network([2], [node], [node.name]);
    expect(() => compileNetwork(given, 1, reference)).toThrow(StateError);
    expect(() => compileNetwork(given, 1, reference)).toThrow(`compileNetwork: ${message}`);
  });
});
