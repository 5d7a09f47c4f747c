import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { Activation, Dense, fromData, input, Model, quantize, Random, type Tensor } from '../../src/index.ts';
import { compileNetwork, type Node, type Stored } from '../../src/infer/index.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/index.ts';
import { Drawn, inputsFor } from '../graph/random-networks.ts';
import { floats, randoms } from '../infer/networks.ts';

const tensorsFor = (network: Network, samples: number, seed: number): Tensor[] =>
  inputsFor(network, samples, seed).map((data, i) => fromData(data, [samples, ...network.inputs[i]!.shape]));

describe('random networks in int8', () => {
  test('give the same bits on every table and after a file, near the real numbers, with sums and parts in int8', () => {
    const used: Record<string, number> = {};
    let near = 0;
    let all = 0;
    for (let seed = 1; seed <= 120; seed++) {
      const network = new Drawn(seed, true).network();
      const calibration = tensorsFor(network, 40, seed);
      let int8: Network;
      try {
        int8 = quantize(network, { calibration });
      } catch (error) {
        expect(String(error)).toMatch(/must be (finite|within float32)/); // exponentials of exponentials
        continue;
      }
      for (const { op, format } of int8.nodes) if (format !== null) used[op] = (used[op] ?? 0) + 1;
      const given = calibration.map(({ data }) => data as Float32Array);
      const run = (each: Network, kernels: typeof cpu): Float32Array[] => {
        const program = compileNetwork(each, 40, kernels);
        const outputs = program.run(given, 40).map((y) => y.slice());
        program.dispose();
        return outputs;
      };
      const wanted = run(int8, reference);
      for (const kernels of [cpu, wasm()]) expect(run(int8, kernels), `seed ${seed}`).toEqual(wanted);
      expect(run(decodeNetwork(encodeNetwork(int8)).network, cpu)).toEqual(wanted);
      run(network, reference).forEach((real, i) => {
        const low = real.reduce((a, b) => Math.min(a, b), 0);
        const high = real.reduce((a, b) => Math.max(a, b), 0);
        real.forEach((y, at) => {
          all++;
          if (Math.abs(wanted[i]![at]! - y) <= 0.08 * (high - low)) near++;
        });
      });
    }
    expect(near / all).toBeGreaterThan(0.98);
    for (const op of ['quantize', 'dense', 'add', 'concat', 'split', 'flatten'])
      expect(used[op], op).toBeGreaterThan(5);
  });
});

describe('quantize, on a graph', () => {
  const next = randoms(3);
  const real = (shape: readonly number[], scale = 1): Stored => ({
    shape,
    encoding: {
      type: 'float32',
      values: floats(
        shape.reduce((p, n) => p * n, 1),
        next,
        scale,
      ),
    },
    mask: null,
  });
  const linear = { activation: { name: 'linear' } } as const;
  const dense = (name: string, input: string, kernel = `${name}/kernel`): Node =>
    nodeOf('dense', name, [input], linear, { weights: { kernel } });
  const network = (nodes: readonly Node[], outputs: readonly string[]): Network => {
    const keys = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
    const inputs = [{ name: 'x', shape: [4], dtype: 'float32' }] as const;
    return new Network({ inputs, nodes, outputs, weights: new Map(Array.from(keys, (key) => [key, real([4, 4])])) });
  };
  const x = fromData(floats(80, next, 3), [20, 4]);
  const int8 = (nodes: readonly Node[], ...outputs: string[]): Network =>
    quantize(network(nodes, outputs), { calibration: x });
  const formats = (of: Network): string[] =>
    of.nodes.map(({ name, format }) => `${name}${format === null ? '' : ' int8'}`);

  test('quantizes a value once for all that read it', () => {
    const quantized = int8([dense('a', 'x'), dense('b', 'x')], 'a', 'b');
    expect(formats(quantized)).toEqual(['x/quantize int8', 'a', 'b']);
  });

  test('leaves a value real that something else reads too, or that the network gives', () => {
    const tanh = nodeOf('activation', 't', ['a'], { activation: { name: 'tanh' } });
    expect(formats(int8([dense('a', 'x'), tanh, dense('b', 'a')], 't', 'b'))).toEqual([
      'x/quantize int8',
      'a',
      't',
      'a/quantize int8',
      'b',
    ]);
    expect(formats(int8([dense('a', 'x'), dense('b', 'a')], 'a', 'b'))).toContain('a');
  });

  test('gives a sum in int8 a format of its own, and what comes to it', () => {
    const nodes = [dense('a', 'x'), dense('b', 'x'), nodeOf('add', 's', ['a', 'b', 'x'], {}), dense('c', 's')];
    const quantized = int8(nodes, 'c');
    expect(formats(quantized)).toEqual(['x/quantize int8', 'a int8', 'b int8', 's int8', 'c']);
    const scales = quantized.nodes.flatMap(({ format }) => (format === null ? [] : [format.scale]));
    expect(new Set(scales).size).toBe(4);
  });

  test('makes parts that nothing else reads in the format of their concatenation, others in their own', () => {
    const joined = nodeOf('concat', 'j', ['a', 'b'], {});
    const moved = nodeOf('split', 'm', ['a'], { from: 0, to: 4 });
    const again = nodeOf('concat', 'k', ['m', 'x', 'c'], {});
    const nodes = [dense('a', 'x'), dense('b', 'x'), joined, dense('c', 'x'), moved, again];
    const wide = new Map([8, 12].map((rows) => [`w${rows}/kernel`, real([rows, 4])]));
    const plain = network([...nodes, dense('w8', 'j'), dense('w12', 'k')], ['w8', 'w12']);
    const quantized = quantize(new Network({ ...plain, weights: new Map([...plain.weights, ...wide]) }), {
      calibration: x,
    });
    const { a, b, c, j, k, m } = Object.fromEntries(quantized.nodes.map(({ name, format }) => [name, format]));
    expect(b).toEqual(j); // nothing else reads it
    expect(c).toEqual(k);
    expect(m).toEqual(a); // which `m` reads too
    for (const whole of [j, k]) expect(a).not.toEqual(whole);
  });

  test('gives the inputs of a shared kernel one format, wide enough for both', () => {
    const quantized = int8([dense('a', 'x'), dense('b', 'a', 'a/kernel'), dense('c', 'b', 'a/kernel')], 'c');
    const [first, ...others] = quantized.nodes.slice(0, 3).map(({ format }) => format);
    expect(others).toEqual([first, first]);
    expect(quantized.weights.size).toBe(1);
    const alone = int8([dense('a', 'x')], 'a').nodes[0]!.format!;
    expect(first!.scale).toBeGreaterThanOrEqual(alone.scale);
  });

  test('fuses activations one after another, and none gets lost', () => {
    const activation = (name: 'linear' | 'relu' | 'tanh' | 'softmax', own: string, input: string): Node =>
      nodeOf('activation', own, [input], { activation: { name } });
    for (const names of [
      ['linear', 'relu'],
      ['linear', 'linear', 'relu'],
      ['relu', 'linear'],
      ['relu', 'tanh'],
      ['linear', 'softmax'],
      ['softmax', 'relu'],
    ] as const) {
      const nodes = [dense('a', 'x')];
      for (const name of names) nodes.push(activation(name, `${name}${nodes.length}`, nodes.at(-1)!.name));
      const net = network([...nodes, dense('b', nodes.at(-1)!.name)], ['b']);
      const [real, integer] = [net, quantize(net, { calibration: x })].map((each) => {
        const program = compileNetwork(each, 20, cpu);
        return [...program.run(x.data as Float32Array, 20)];
      });
      const span = Math.max(...real!) - Math.min(...real!);
      real!.forEach((y, i) => {
        expect(Math.abs(y - integer![i]!), names.join()).toBeLessThan(0.08 * span);
      });
    }
  });

  test('refuses products that share but a part of their weights', () => {
    const biased = (name: string, kernel: string, bias: string): Node =>
      nodeOf('dense', name, ['x'], linear, { weights: { kernel, bias } });
    const shares = (nodes: Node[], key: string): void => {
      const net = network(nodes, ['a', 'b']);
      const weights = new Map([...net.weights].map(([k, w]) => [k, k.includes('bias') ? real([4]) : w]));
      const quantizing = (): unknown => quantize({ ...net, weights }, { calibration: x });
      expect(quantizing).toThrow(
        `quantize: nodes "a" and "b" share ${key} and differ otherwise: a layer is shared as a whole`,
      );
    };
    shares([biased('a', 'k', 'bias'), biased('b', 'l', 'bias')], 'bias');
    shares([biased('a', 'k', 'bias'), biased('b', 'k', 'bias2')], 'k');
    shares([biased('a', 'k', 'bias'), dense('b', 'x', 'k')], 'k');
  });

  test('refuses a network that is quantized, inputs that are missing, and samples that do not go together', () => {
    const done = int8([dense('a', 'x')], 'a');
    expect(() => quantize(done, { calibration: x })).toThrow('quantize: a/kernel is int8 already');
    const plain = network([dense('a', 'x')], ['a']);
    expect(() => quantize(plain, { calibration: [x, x] })).toThrow('quantize: calibration must be a tensor');
    const second = { name: 'z', shape: [4], dtype: 'float32' } as const;
    const two = new Network({
      ...plain,
      inputs: [...plain.inputs, second],
      nodes: [nodeOf('add', 's', ['x', 'z'], {}), dense('a', 's')],
    });
    expect(() => quantize(two, { calibration: x })).toThrow('quantize: calibration must be a list of 2 tensors');
    const fewer = fromData(floats(8, next), [2, 4]);
    expect(() => quantize(two, { calibration: [x, fewer] })).toThrow('inputs differ in the number of samples');
    expect(quantize(two, { calibration: [x, x] }).nodes).toHaveLength(4);
  });
});

test('a relu stays real where something else reads what it reads', () => {
  const x = input([4]);
  const read = new Dense(4).apply(x);
  const cut = new Activation('relu', { name: 'cut' }).apply(read);
  const model = new Model(x, [new Dense(2).apply(cut), new Dense(2).apply(read)]);
  const calibration = new Random(1).normal([20, 4]);
  expect(quantize(model, { calibration }).nodes.find(({ name }) => name === 'cut')!.format).toBeNull();
});
