import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { formatNetworksBy } from '../../scripts/formats/networks.mjs';
import { fromOnnx, type Imported, toOnnx } from '../../src/formats/index.ts';
import { floatsOf, valuesOf } from '../../src/graph/check.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import { isPrepared } from '../../src/graph/facts.ts';
import * as library from '../../src/index.ts';
import { compileNetwork, type Graph, type Stored } from '../../src/infer/index.ts';
import { everyNetwork, samplesFor } from '../export/networks.ts';

type Named = readonly [name: string, network: Graph<Stored>];

/** What a network gives for some samples, by the kernels that define it, as bits. */
function bitsOf(network: Graph<Stored>, samples: readonly Float32Array[]): number[][] {
  const program = compileNetwork(network, 5, reference);
  const given = program.inputTypes.map((type, i) => (type === 'int32' ? Int32Array.from(samples[i]!) : samples[i]!));
  const made = program.run(given, 5).map((y) => [...new Uint32Array(Float32Array.from(y).buffer)]);
  program.dispose();
  return made;
}

/** The same of a network that was read, by the outputs of its file. */
function bitsOfImported({ network, outputs }: Imported, samples: readonly Float32Array[]): number[][] {
  const made = bitsOf(network, samples);
  return outputs.map(({ value }) => made[network.outputs.indexOf(value)]!);
}

const drawn = formatNetworksBy({ ...library, valuesOf: (network) => [...valuesOf(network).values()] });
const exported: Named[] = [...everyNetwork()].filter(
  ([, network]) => floatsOf(network) === 'float32' && !network.nodes.some(isPrepared),
);

function checkBack([name, network]: Named, layout: 'last' | 'first'): void {
  const read = fromOnnx(toOnnx(network, { layout }));
  expect(read.network.inputs, name).toEqual(network.inputs);
  for (const [i, { axes }] of read.inputs.entries()) {
    const { shape, dtype } = network.inputs[i]!;
    const isMoved = layout === 'first' && shape.length === 3 && dtype === 'float32';
    const same = Array.from({ length: shape.length + 1 }, (_, axis) => axis);
    expect(axes, name).toEqual(isMoved ? [0, 2, 3, 1] : same);
  }
  const samples = samplesFor(network, 5);
  expect(bitsOfImported(read, samples), name).toEqual(bitsOf(network, samples));
}

describe.each(['last', 'first'] as const)('written with the channels %s and read again', (layout) => {
  test('models of every kind give the same bits, in real numbers, in int8 by either rule and with dynamic products', () => {
    for (const each of exported) checkBack(each, layout);
  });

  test('each operation, chains of them and odd ones give the same bits', () => {
    for (const each of [...drawn.operations(3, 40), ...drawn.odd()]) {
      // A shuffle of what was flattened becomes another order of the rows behind it, and so of sums
      const ops = each[1].nodes.map(({ op }) => op);
      const isMixed = ops.includes('flatten') && ops.indexOf('flatten') < ops.lastIndexOf('channelShuffle');
      if (!isMixed) checkBack(each, layout);
    }
  });

  test('each operation on int8 gives the same bits', () => {
    for (const each of drawn.integers()) checkBack(each, layout);
  });
});

test('values keep their names, and weights in float32 come back to the bit under theirs', () => {
  for (const [name, network] of exported) {
    const { network: back } = fromOnnx(toOnnx(network));
    expect(back.outputs, name).toEqual(network.outputs);
    if (![...network.weights.values()].every(({ encoding }) => encoding.type === 'float32')) continue;
    expect(back.weights.size, name).toBe(network.weights.size);
    for (const [key, weight] of network.weights) {
      const own = back.weights.get(key);
      expect([name, key, own?.shape]).toEqual([name, key, weight.shape]);
      expect(decodeWeight(own!)).toEqual(decodeWeight(weight));
    }
  }
});

test('integers stay integers: what reads int8 in a network does so when it comes back', () => {
  for (const [name, network] of exported) {
    const whole = (graph: Graph<Stored>): number => graph.nodes.filter(({ format }) => format !== null).length;
    const biases = (graph: Graph<Stored>): string[] =>
      [...graph.weights].filter(([, { encoding }]) => encoding.type === 'int32').map(([key]) => key);
    if (biases(network).length === 0) continue;
    const { network: back } = fromOnnx(toOnnx(network));
    expect([name, whole(back)]).toEqual([name, whole(network)]);
    expect(biases(back).sort(), name).toEqual(biases(network).sort());
  }
});
