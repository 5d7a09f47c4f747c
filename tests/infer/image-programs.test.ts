import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { Attributes, Op } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileInference, fromNetwork, tensor, toNetwork } from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/network-file.ts';
import { drawnImages } from '../graph/random-images.ts';
import { inputsFor, valuesByNode } from '../graph/random-networks.ts';

const tables = { reference, cpu, wasm: wasm() };
const SEEDS = 60;

/** What a network of one operation gives for one sample after another, 1, 2, 3, ... */
function given<K extends Op>(op: K, shape: readonly number[], attrs: Attributes[K], samples = 1): number[][] {
  const inputs = [{ name: 'input', shape, dtype: 'float32' }] as const;
  const network = new Network({
    inputs,
    nodes: [nodeOf(op, 'y', ['input'], attrs)],
    outputs: ['y'],
    weights: new Map(),
  });
  const size = shape.reduce((product, n) => product * n, 1);
  const x = Float32Array.from({ length: size * samples }, (_, i) => i + 1);
  return Object.values(tables).map((kernels) => [...compileNetwork(network, samples, kernels).run(x)]);
}

const everywhere = (wanted: readonly number[]): number[][] => Object.keys(tables).map(() => [...wanted]);

describe('an operation of a program, on every table', () => {
  test('zeros around an image, and around each of two sequences', () => {
    expect(
      given('zeroPad', [1, 2, 2], {
        widths: [
          [1, 0],
          [0, 1],
        ],
      }),
    ).toEqual(everywhere([0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0]));
    expect(given('zeroPad', [2, 1], { widths: [[2, 1]] }, 2)).toEqual(everywhere([0, 0, 1, 2, 0, 0, 0, 3, 4, 0]));
  });

  test('a larger image, and longer sequences', () => {
    const rows = [1, 2, 1, 2, 3, 4, 3, 4];
    expect(given('upsample', [1, 2, 2], { factors: [3, 2] })).toEqual(everywhere([...rows, ...rows, ...rows]));
    expect(given('upsample', [2, 1], { factors: [2] }, 2)).toEqual(everywhere([1, 1, 2, 2, 3, 3, 4, 4]));
  });

  test('channels of groups, one of each group in turn', () => {
    expect(given('channelShuffle', [6], { groups: 2 })).toEqual(everywhere([1, 4, 2, 5, 3, 6]));
    expect(given('channelShuffle', [2, 6], { groups: 3 })).toEqual(everywhere([1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12]));
  });

  test('pools of windows and of whole images, padding left out of the mean', () => {
    const two = { size: [2, 2], strides: [2, 2] };
    expect(given('pool', [2, 3, 1], { kind: 'max', ...two, padding: 'same' })).toEqual(everywhere([5, 6]));
    expect(given('pool', [2, 3, 1], { kind: 'average', ...two, padding: 'same' })).toEqual(everywhere([3, 4.5]));
    expect(given('pool', [3, 2], { kind: 'average', size: [2], strides: [1], padding: 'valid' })).toEqual(
      everywhere([2, 3, 4, 5]),
    );
    expect(given('globalPool', [2, 2, 2], { kind: 'average' }, 2)).toEqual(everywhere([4, 5, 12, 13]));
    expect(given('globalPool', [3, 2], { kind: 'max' })).toEqual(everywhere([5, 6]));
  });
});

describe('a random network of images or sequences', () => {
  test.each(Object.entries(tables))('overwrites no value that is still wanted, on %s', (_, kernels) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const network = drawnImages(seed);
      const samples = 1 + (seed % 3);
      const x = inputsFor(network, samples, seed);
      const apart = valuesByNode(network, x, samples, kernels);
      const program = compileNetwork(network, samples, kernels);
      for (let run = 0; run < 2; run++)
        expect(program.run(x, samples)[0], `seed ${seed}, run ${run}`).toEqual(apart.get(network.outputs[0]!));
      program.dispose();
    }
  });

  test('computes the bits of the model that it is, with any number of samples, on every table', () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const network = drawnImages(seed);
      for (const { op } of network.nodes) seen.add(op);
      const [x] = inputsFor(network, 5, seed) as [Float32Array];
      const wanted = fromNetwork(network).predict(tensor(x, { shape: [5, ...network.inputs[0]!.shape] })).data;
      for (const [name, kernels] of Object.entries(tables)) {
        const program = compileNetwork(network, 5, kernels);
        for (const samples of [5, 1, 3, 5]) {
          const part = [...wanted].slice(0, (wanted.length / 5) * samples);
          expect([...program.run(x, samples)], `seed ${seed}, ${samples} on ${name}`).toEqual(part);
        }
        program.dispose();
      }
      const inference = compileInference(network, 5);
      expect([...inference.run(x)], `seed ${seed}`).toEqual([...wanted]);
      inference.dispose();
    }
    expect(seen.size).toBe(9); // every operation was drawn
  });

  test('is the same network after a file, and after a model', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const network = drawnImages(seed);
      const bytes = encodeNetwork(network);
      expect(decodeNetwork(bytes).network).toEqual(network);
      expect(encodeNetwork(toNetwork(fromNetwork(network))), `seed ${seed}`).toEqual(bytes);
    }
  });
});
