import { Conv2D, Dense, Dropout, Flatten, type Layer, l2, MaxPool2D, Sequential } from 'whittle-ml';
import { CLASSES, type Labelled } from './images.ts';

/** What holds a network back from learning its samples by heart. */
export interface Restraint {
  /** Before each of its layers of weights, in order; what is left out is 0. */
  readonly dropout?: readonly number[];
  /** The loss has so many times the sum of the squares of each kernel. Default 0. */
  readonly l2?: number;
}

export type Make = (images: Labelled, seed: number, restraint: Restraint) => Sequential;

const penalty = ({ l2: factor = 0 }: Restraint) => (factor === 0 ? {} : { kernelRegularizer: l2(factor) });

const before = (layer: Layer, rate = 0): Layer[] => (rate === 0 ? [layer] : [new Dropout(rate), layer]);

const built = (layers: readonly Layer[], inputShape: readonly number[], seed: number): Sequential => {
  const model = new Sequential([...layers], { seed });
  model.build(inputShape);
  return model;
};

/** Layers of rectified units, all of the pixels in a row at first, and a softmax. */
export const dense =
  (...units: readonly number[]): Make =>
  ({ height, width }, seed, restraint) => {
    const own = penalty(restraint);
    const hidden = units.map((n) => new Dense(n, { activation: 'relu', ...own }));
    const layers = [...hidden, new Dense(CLASSES, { activation: 'softmax', ...own })];
    return built(
      layers.flatMap((layer, i) => before(layer, restraint.dropout?.[i])),
      [height * width],
      seed,
    );
  };

/** LeNet-5 as Caffe has it, with rectified units behind its first dense layer alone: 431,080 parameters for 28x28. */
export const caffeLenet5: Make = ({ height, width }, seed, restraint) => {
  const { dropout = [] } = restraint;
  const own = penalty(restraint);
  return built(
    [
      ...before(new Conv2D(20, 5, own), dropout[0]),
      new MaxPool2D(),
      ...before(new Conv2D(50, 5, own), dropout[1]),
      new MaxPool2D(),
      new Flatten(),
      ...before(new Dense(500, { activation: 'relu', ...own }), dropout[2]),
      ...before(new Dense(CLASSES, { activation: 'softmax', ...own }), dropout[3]),
    ],
    [height, width, 1],
    seed,
  );
};
