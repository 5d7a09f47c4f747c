import { describe, expect, test } from 'vitest';
import { formatNetworksBy } from '../../scripts/formats/networks.mjs';
import { WhittleError } from '../../src/base/errors.ts';
import { fromOnnx, fromTflite, toOnnx, toTflite } from '../../src/formats/index.ts';
import { valuesOf } from '../../src/graph/check.ts';
import type { Graph } from '../../src/graph/graph.ts';
import * as library from '../../src/index.ts';
import type { Stored } from '../../src/infer/index.ts';

const drawn = formatNetworksBy({ ...library, valuesOf: (network) => [...valuesOf(network).values()] });
const networks = [
  ...drawn.operations(1, 12),
  ...drawn.models(),
  ...drawn.integers(),
  ...[...drawn.integerModels()].filter((_, i) => i % 6 === 0),
];

type Trip = (network: Graph<Stored>) => Graph<Stored>;
const trips: readonly (readonly [name: string, trip: Trip])[] = [
  ['ONNX', (network) => fromOnnx(toOnnx(network)).network],
  ['ONNX with channels first', (network) => fromOnnx(toOnnx(network, { layout: 'first' })).network],
  ['TFLite', (network) => fromTflite(toTflite(network)).network],
];

/** The network after a trip; null where the format has nothing like it. */
function after(trip: Trip, network: Graph<Stored>): Graph<Stored> | null {
  try {
    return trip(network);
  } catch (error) {
    if (error instanceof WhittleError) return null;
    throw error;
  }
}

const namesOf = ({ inputs, nodes, outputs, weights }: Graph<unknown>): unknown => ({
  inputs: inputs.map(({ name }) => name),
  nodes: nodes.map(({ name }) => name),
  outputs,
  weights: [...weights.keys()],
});

describe.each(trips)('through %s', (_, trip) => {
  test('names of inputs and outputs stay, and no name grows from trip to trip', () => {
    let count = 0;
    for (const [name, network] of networks) {
      const once = after(trip, network);
      if (once === null) continue;
      count++;
      const { inputs, outputs } = network;
      expect([name, once.inputs.map((input) => input.name)]).toEqual([name, inputs.map((input) => input.name)]);
      // What changes nothing is left out, and what it reads is the output
      const isInput = (output: string): boolean => inputs.some((input) => input.name === output);
      expect([name, once.outputs]).toEqual([
        name,
        outputs.map((output, i) => (isInput(once.outputs[i]!) ? once.outputs[i] : output)),
      ]);
      const twice = trip(once);
      expect([name, namesOf(trip(twice))]).toEqual([name, namesOf(twice)]);
    }
    expect(count).toBeGreaterThan(40);
  });
});

test('a model comes out of TFLite with its activations in its layers, and all of its names', () => {
  const layers = [
    new library.Conv2D(3, 3, { activation: 'relu', inputShape: [6, 6, 2], name: 'conv' }),
    new library.Flatten({ name: 'flat' }),
    new library.Dense(3, { activation: 'softmax', name: 'out' }),
  ];
  const network = library.toNetwork(new library.Sequential(layers, { seed: 1 }));
  expect(namesOf(fromTflite(toTflite(network)).network)).toEqual(namesOf(network));
  expect(namesOf(fromOnnx(toOnnx(network)).network)).toEqual(namesOf(network));
});

test('a bias of one unit is that of its layer', () => {
  const network = library.toNetwork(
    new library.Sequential([new library.Dense(1, { inputShape: [5, 4] })], { seed: 1 }),
  );
  const { network: back } = fromOnnx(toOnnx(network));
  expect(back.nodes.map(({ op, weights }) => [op, Object.keys(weights)])).toEqual([['dense', ['kernel', 'bias']]]);
});
