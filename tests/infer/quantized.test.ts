import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { quantizedCpu } from '../../kernels/cpu/quantized.ts';
import {
  Activation,
  BatchNorm,
  ChannelShuffle,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAvgPool2D,
  type Layer,
  MaxPool2D,
  quantize,
  Random,
  Residual,
  Sequential,
  StateError,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork, compileQuantized } from '../../src/infer/index.ts';

const samples = new Random(3, 'quantized').normal([12, 8, 8, 1]);
const input = samples.data as Float32Array;
const modelOf = (layers: readonly Layer[]): Sequential => new Sequential(layers, { seed: 2 });

const networks: Readonly<Record<string, () => readonly Layer[]>> = {
  'convolutions, a pool and a product': () => [
    new Conv2D(6, 3, { activation: 'relu', inputShape: [8, 8, 1] }),
    new MaxPool2D(),
    new Flatten(),
    new Dense(10, { activation: 'softmax' }),
  ],
  'a sum, a shuffle and a mean': () => [
    new Conv2D(8, 3, { padding: 'same', useBias: false, inputShape: [8, 8, 1] }),
    new BatchNorm(),
    new Activation('relu6'),
    new Residual([new DepthwiseConv2D(3, { padding: 'same', activation: 'relu6' }), new Conv2D(8, 1)]),
    new ChannelShuffle(2),
    new Dropout(0.2),
    new GlobalAvgPool2D(),
    new Dense(10, { activation: 'softmax' }),
  ],
};

describe('a program of int8 alone', () => {
  test.each(Object.entries(networks))('computes what compileNetwork does, from a few kernels: %s', (_, layers) => {
    const network = quantize(modelOf(layers()), { calibration: samples });
    const small = compileQuantized(network, 12, quantizedCpu);
    expect([...small.run(input)]).toEqual([...compileNetwork(network, 12, cpu).run(input)]);
  });

  test('refuses to compute with real numbers, and names the node', () => {
    const model = modelOf(networks['convolutions, a pool and a product']!());
    const make = (): unknown => compileQuantized(toNetwork(model), 1, cpu);
    expect(make).toThrow(StateError);
    expect(() => compileQuantized(toNetwork(model), 0, cpu)).toThrow('compileQuantized: batchSize must be');
    expect(make).toThrow(
      /^compileQuantized: node "conv2D\w*" \(conv\) computes with real numbers, .*: take compileNetwork$/,
    );
  });

  test('is of kernels of `cpu`, and names one that it lacks', () => {
    const others = Object.entries(quantizedCpu).filter(([name, kernel]) => cpu[name as never] !== kernel);
    expect(others.map(([name]) => name)).toEqual(['stridedCopy']); // the shorter loop
    const layers = [new Dense(4, { activation: 'relu', inputShape: [3] }), new Dense(2, { activation: 'tanh' })];
    const network = quantize(modelOf(layers), { calibration: new Random(1, 'x').normal([9, 3]) });
    expect(() => compileQuantized(network, 1, quantizedCpu)).toThrow(
      'needs the kernel tanh, which the table does not have',
    );
    expect(compileQuantized(network, 1, { ...quantizedCpu, tanh: cpu.tanh }).run(new Float32Array(3))).toHaveLength(2);
  });
});
