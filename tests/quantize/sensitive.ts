import {
  Dense,
  fromNetwork,
  Sequential as Layers,
  type Model,
  type Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { digits } from '../compress/tools.ts';

/** A classifier of the digits, trained for some epochs: its layers are called first, second and third. */
export async function digitsModel(seed = 1, epochs = 12): Promise<{ model: Sequential; train: Pair; test: Pair }> {
  const [xTrain, xTest, yTrain, yTest] = await digits();
  const model = new Layers(
    [
      new Dense(24, { activation: 'relu', inputShape: [64], name: 'first' }),
      new Dense(16, { activation: 'relu', name: 'second' }),
      new Dense(10, { activation: 'softmax', name: 'third' }),
    ],
    { seed },
  );
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  model.fit(xTrain, yTrain, { epochs, batchSize: 32 });
  return { model, train: [xTrain, yTrain], test: [xTest, yTest] };
}

export type Pair = [x: Tensor, y: Tensor];

/**
 * The same network but for rounding, in which one layer is hard to quantize: what a neuron before it gives is a `factor`th,
 * and the row that reads it so many times as large, which one scale for it and for all other rows of a column does not suit.
 */
export function sharpened(model: Model, before: string, layer: string, factor: number, neuron = 0): Model {
  const network = toNetwork(model);
  const weights = new Map(network.weights);
  const change = (key: string, f: (w: number, i: number) => number): void => {
    const weight = weights.get(key)!;
    const values = Float32Array.from(weight.encoding.values, f);
    weights.set(key, { ...weight, encoding: { type: 'float32', values } });
  };
  const [rows] = weights.get(`${layer}/kernel`)!.shape as [number];
  const columns = weights.get(`${layer}/kernel`)!.shape[1]!;
  change(`${before}/kernel`, (w, i) => (i % rows === neuron ? w / factor : w));
  change(`${before}/bias`, (w, i) => (i === neuron ? w / factor : w));
  change(`${layer}/kernel`, (w, i) => (Math.floor(i / columns) === neuron ? w * factor : w));
  const changed = fromNetwork({ ...network, weights });
  changed.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return changed;
}
