import { describe, expect, test } from 'vitest';
import { quantizedCpu } from '../../kernels/cpu/quantized.ts';
import { cpu } from '../../kernels/index.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Graph } from '../../src/graph/graph.ts';
import {
  Activation,
  BatchNorm,
  Conv2D,
  Dense,
  Flatten,
  type Layer,
  MaxPool2D,
  quantize,
  Random,
  Sequential,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork, compileQuantized } from '../../src/infer/index.ts';
import { decodeNetwork, decodeQuantized, encodeNetwork } from '../../src/io/index.ts';
import { inPanels, zeroed } from '../sparse-networks.ts';
import { encodeVersion1 } from './version-1-files.ts';

const samples = new Random(1, 'samples').normal([20, 8, 8, 1]);
const layers = (): Layer[] => [
  new Conv2D(8, 3, { inputShape: [8, 8, 1], useBias: false }),
  new BatchNorm(),
  new Activation('relu6'),
  new MaxPool2D(),
  new Flatten(),
  new Dense(32, { activation: 'relu' }),
  new Dense(10, { activation: 'softmax' }),
];
const model = new Sequential(layers(), { seed: 1 });
model.build([8, 8, 1]);

/** The same with most of the numbers of its kernels 0, so that its file has them coded, with masks where `isMasked`. */
function pruned(isMasked: boolean): Graph<Stored> {
  const network = quantize(model, { calibration: samples });
  const weights = new Map(
    [...network.weights].map(([key, weight]) => {
      if (weight.encoding.type !== 'int8') return [key, weight] as const;
      const values = weight.encoding.values.map((q, i) => (i % 9 === 0 ? q : 0));
      const mask = isMasked ? Uint8Array.from(values, (_, i) => (i % 9 === 0 ? 1 : 0)) : null;
      return [key, { ...weight, encoding: { ...weight.encoding, values }, mask }] as const;
    }),
  );
  return { ...network, weights };
}

describe('decodeQuantized', () => {
  test.each([
    ['as quantize leaves it', () => quantize(model, { calibration: samples })],
    ['coded', () => pruned(false)],
    ['coded, with masks', () => pruned(true)],
  ])('reads what decodeNetwork does, and it runs: %s', (_, make) => {
    const extra = { metadata: { more: 'text' }, tensors: new Map() };
    const file = encodeNetwork(make(), extra);
    const { network, metadata, tensors } = decodeNetwork(file);
    const own = decodeQuantized(file);
    expect(own).toEqual({ network: { ...network }, metadata, tensors });
    const x = samples.data.slice(0, 64) as Float32Array;
    const expected = compileNetwork(network, 1, cpu).run(x);
    expect([...compileQuantized(own.network, 1, quantizedCpu).run(x)]).toEqual([...expected]);
  });

  test('reads a float network, which compileQuantized refuses by the name of a node', () => {
    const { network } = decodeQuantized(encodeNetwork(toNetwork(model)));
    expect(() => compileQuantized(network, 1, quantizedCpu)).toThrow(/node "conv2D\w*" \(conv\) computes with real/);
  });

  const calibration = samples;
  test.each([
    ['sparse', () => encodeNetwork(inPanels(zeroed(quantize(model, { calibration }), 16, 0.6), 16)), 'width'],
    ['levels', () => encodeNetwork(quantize(model, { format: 'int4' })), 'bits'],
    ['fixed point', () => encodeNetwork(quantize(model, { format: 'fixed', calibration })), 'fraction'],
    ['halves', () => encodeNetwork(quantize(model, { format: 'float16' })), 'encoding must be one of float32'],
  ])('refuses other weights: %s', (_, make, problem) => {
    const file = make();
    expect(decodeNetwork(file).network.nodes.length).toBeGreaterThan(0);
    expect(() => decodeQuantized(file)).toThrow(problem);
  });

  test('refuses files of version 1', () => {
    const file = encodeVersion1([2], [{ type: 'flatten', name: 'f' }]);
    expect(decodeNetwork(file).network.nodes).toHaveLength(1);
    expect(() => decodeQuantized(file)).toThrow('int8 network file: whittle.version: this reader knows 2 to 5, got 1');
  });
});
