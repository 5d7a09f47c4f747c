import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  BatchNorm,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  equalize,
  Flatten,
  foldBatchNorm,
  fromData,
  MaxPool2D,
  predictNetwork,
  quantize,
  Sequential,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { encodeWeight } from '../../src/quantize/encode.ts';
import { weightFormat } from '../../src/quantize/formats.ts';
import { FIVE, trained } from '../compress/five-networks.ts';
import { normal } from '../compress/tools.ts';
import { inputsFor } from '../graph/random-networks.ts';
import { drawnWiring } from '../graph/random-wirings.ts';

const outputsOf = (network: Graph<Stored>, samples: number, given: Float32Array[]): Float32Array[] => {
  const program = compileNetwork(network, samples, cpu);
  const outputs = program.run(given, samples).map((y) => y.slice());
  program.dispose();
  return outputs;
};

/** How many weights differ, and the least and largest of what they are times as large. */
function changes(before: Graph<Stored>, after: Graph<Stored>): number {
  let count = 0;
  for (const [key, { encoding }] of after.weights)
    if (encoding.values.some((w, i) => w !== before.weights.get(key)!.encoding.values[i])) count++;
  return count;
}

const reals = (shape: readonly number[], seed: number, factor: (i: number) => number = () => 1): Stored => ({
  shape,
  encoding: { type: 'float32', values: Float32Array.from(normal(shape, seed).data, (w, i) => w * factor(i)) },
  mask: null,
});
const relu = { activation: { name: 'relu' } } as const;
const linear = { activation: { name: 'linear' } } as const;
/** Channels of a layer of 16 units are made so much larger, and read so much smaller. */
const unequal = (j: number): number => 2 ** ((j % 16) - 8) * 1.3;

function planted(): Network {
  const weights = new Map<string, Stored>([
    ['a/kernel', reals([24, 16], 1, (i) => unequal(i % 16))],
    ['a/bias', reals([16], 2, unequal)],
    ['b/kernel', reals([16, 12], 3, (i) => 1 / unequal(Math.floor(i / 12)))],
  ]);
  const nodes = [
    nodeOf('dense', 'a', ['x'], relu, { weights: { kernel: 'a/kernel', bias: 'a/bias' } }),
    nodeOf('dense', 'b', ['a'], linear, { weights: { kernel: 'b/kernel' } }),
  ];
  return new Network({ inputs: [{ name: 'x', shape: [24], dtype: 'float32' }], nodes, outputs: ['b'], weights });
}

describe('equalize', () => {
  test('computes the same to the bit, in random wirings', () => {
    let changed = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const network = drawnWiring(seed);
      // Unequal channels everywhere, by layers that are drawn alike
      for (const [key, { encoding, shape }] of network.weights)
        if (key.endsWith('kernel'))
          encoding.values.forEach((w, i) => {
            encoding.values[i] = w * 4 ** ((i * 7 + (Math.floor(i / shape.at(-1)!) % 5)) % 5);
          });
      const folded = foldBatchNorm(network);
      const equal = equalize(network);
      changed += changes(folded, equal) > 0 ? 1 : 0;
      const given = inputsFor(network, 3, seed) as Float32Array[];
      expect(outputsOf(equal, 3, given), `seed ${seed}`).toEqual(outputsOf(folded, 3, given));
    }
    expect(changed).toBeGreaterThan(60);
  });
});
