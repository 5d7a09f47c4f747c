import { readFileSync } from 'node:fs';
import { tableFromBytes, trainTestSplit } from '../../src/data/index.ts';
import {
  Activation,
  Dense,
  Dropout,
  fromData,
  type Network,
  type Node,
  Parameter,
  type QuantizationParams,
  Random,
  randomNormal,
  Sequential,
  type Tensor,
} from '../../src/index.ts';
import type { ActivationSpec } from '../../src/infer/index.ts';

/** No latency: what it measures is not the same twice, and it takes time. */
export const quick: { latency: boolean } = { latency: false };

export const normal = (shape: readonly number[], seed = 0): Tensor => new Random(seed, 'test').normal(shape);

/** The article's network. */
export function articleModel(seed = 1): Sequential {
  const model = new Sequential(
    [
      new Dense(64, { activation: 'relu', inputShape: [100] }),
      new Dropout(0.2),
      new Dense(64, { activation: 'relu' }),
      new Dropout(0.2),
      new Dense(10, { activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** A small classifier with biases that are not 0, activations in layers of their own, and Dropout. */
export function smallModel(seed = 1, dtype: 'float32' | 'float64' = 'float32'): Sequential {
  const model = new Sequential(
    [
      new Dense(7, { inputShape: [5], biasInitializer: randomNormal() }),
      new Activation('relu'),
      new Dropout(0.25),
      new Dense(6, { activation: 'tanh', biasInitializer: randomNormal() }),
      new Dense(3, { activation: 'softmax', biasInitializer: randomNormal() }),
    ],
    { seed, dtype },
  );
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** Samples of three classes, each around a point of its own. */
export function threeClasses(n = 60, seed = 3): [x: Tensor, y: Tensor] {
  const noise = normal([n, 5], seed).data;
  const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
  const x = Float32Array.from(noise, (value, at) => 0.5 * value + (at % 5 === labels[Math.floor(at / 5)] ? 2 : 0));
  return [fromData(x, [n, 5]), fromData(labels)];
}

/** The handwritten digits, pixels from 0 to 1: [xTrain, xTest, yTrain, yTest]. */
export async function digits(): Promise<[Tensor, Tensor, Tensor, Tensor]> {
  const file = readFileSync(new URL('../../data/digits.csv.gz', import.meta.url));
  const { features, target } = await tableFromBytes(file, { target: 'digit' });
  const x = fromData(
    Float32Array.from(features.data, (value) => value / 16),
    features.shape,
  );
  const [[xTrain, xTest], [yTrain, yTest]] = trainTestSplit([x, target], { seed: 1, stratify: target });
  return [xTrain, xTest, yTrain, yTest];
}

export const denseOf = (model: Sequential, which: number | string): Dense => model.layer(which) as Dense;

export const kernelsOf = (model: Sequential): Parameter[] =>
  model.layers.flatMap((layer) => (layer instanceof Dense ? [layer.weights[0]!] : []));

/** A product of integers: its weights, and the formats that it reads and gives (null for real numbers). */
export interface Quantized {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly weights: Int8Array;
  readonly weightScales: Float32Array;
  readonly bias: Int32Array;
  readonly input: QuantizationParams;
  readonly output: QuantizationParams | null;
  readonly activation: ActivationSpec;
}

export const quantizedLayers = (network: Network): Quantized[] =>
  network.nodes.flatMap((node) => (node.op === 'dense' ? [quantizedOf(network, node)] : []));

export function quantizedOf(network: Network, node: Extract<Node, { op: 'dense' }>): Quantized {
  const { shape, encoding } = network.weights.get(node.weights.kernel!)!;
  const [inputs, units] = shape as [number, number];
  if (encoding.type !== 'int8') throw new Error(`${node.name} is not quantized`);
  const bias = network.weights.get(node.weights.bias ?? '')?.encoding.values ?? new Int32Array(units);
  const { format } = network.nodes.find(({ name }) => name === node.inputs[0])!;
  return {
    ...{ name: node.name, inputs, units, weights: encoding.values, weightScales: encoding.scales },
    bias: bias as Int32Array,
    input: format!,
    output: node.format,
    activation: node.attrs.activation,
  };
}

export const values = (t: Tensor | Parameter): number[] => Array.from((t instanceof Parameter ? t.value : t).data);
