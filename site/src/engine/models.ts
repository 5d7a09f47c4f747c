import {
  Activation,
  Adam,
  AdamW,
  BatchNorm,
  Dense,
  Dropout,
  hinge,
  huber,
  type Layer,
  type Loss,
  l1l2,
  meanAbsoluteError,
  meanSquaredError,
  type Optimizer,
  oneHot,
  RMSprop,
  r2,
  Sequential,
  SGD,
  sparseCategoricalCrossentropy,
  type Tensor,
  tensor,
} from 'whittle-ml';
import type { LayerSettings, NetworkSettings, TrainingSettings } from '../state/settings.ts';
import { Refusal } from './refusal.ts';
import type { Rows } from './sets.ts';

export type LossName = TrainingSettings['loss'];

/** How outputs are meant: probabilities of classes, one margin for two, or one number. */
export type Head = 'classes' | 'margin' | 'number';

/** Whether the loss is of numbers; the others are of classes. */
export const isOfNumbers = (loss: LossName): boolean => loss !== 'crossEntropy' && loss !== 'hinge';

/** The loss in use. Refuses hinge of many classes; where numbers are predicted, losses of classes become squares. */
export function lossFor(wanted: LossName, { task, classes }: Pick<Rows, 'task' | 'classes'>): LossName {
  if (task === 'regression') return isOfNumbers(wanted) ? wanted : 'meanSquaredError';
  if (wanted === 'hinge' && classes.length !== 2)
    throw new Refusal({ kind: 'hinge of classes', classes: classes.length });
  return wanted;
}

export function headOf(loss: LossName, { task }: Pick<Rows, 'task'>): Head {
  if (task === 'regression') return 'number';
  return loss === 'hinge' ? 'margin' : 'classes';
}

const LOSSES: { readonly [L in LossName]: () => Loss } = {
  crossEntropy: sparseCategoricalCrossentropy,
  hinge,
  meanSquaredError,
  meanAbsoluteError,
  huber,
};

/** What the network is trained for. */
export const lossOf = (name: LossName): Loss => LOSSES[name]();

/** Classes as the loss takes them. */
export function classTargets(truth: Float32Array, loss: LossName, classes: number): Tensor {
  if (loss === 'hinge')
    return tensor(
      truth.map((of) => (of === 1 ? 1 : -1)),
      { shape: [truth.length, 1] },
    );
  const labels = tensor(Int32Array.from(truth));
  return loss === 'crossEntropy' ? labels : oneHot(labels, classes);
}

export function optimizerOf({ optimizer, learningRate }: TrainingSettings): Optimizer {
  switch (optimizer) {
    case 'sgd':
      return new SGD({ learningRate });
    case 'momentum':
      return new SGD({ learningRate, momentum: 0.9 });
    case 'adam':
      return new Adam({ learningRate });
    case 'adamW':
      return new AdamW({ learningRate });
    case 'rmsprop':
      return new RMSprop({ learningRate });
  }
}

/** Layers that are 0 for half of what they get begin larger (He et al. 2015). */
const SPARING = ['relu', 'leakyRelu', 'elu', 'gelu', 'silu'];

/** A network of these layers, built for samples of so many features. Its layers are called h1, h1_norm, ..., output. */
export function networkOf(
  { layers, dropout, l1, l2, batchNorm }: NetworkSettings,
  features: number,
  head: Head,
  classes: number,
  seed: number,
): Sequential {
  const penalty = l1 > 0 || l2 > 0 ? { kernelRegularizer: l1l2({ l1, l2 }) } : {};
  const hidden = layers.flatMap(({ units, activation }: LayerSettings, i): Layer[] => {
    const name = `h${i + 1}`;
    const kernelInitializer = SPARING.includes(activation) ? 'heUniform' : 'glorotUniform';
    const common = { name, kernelInitializer, ...penalty } as const;
    const dense = batchNorm
      ? [
          new Dense(units, { ...common, useBias: false }),
          new BatchNorm({ name: `${name}_norm`, momentum: 0.9 }),
          new Activation(activation, { name: `${name}_activation` }),
        ]
      : [new Dense(units, { ...common, activation })];
    return dropout > 0 ? [...dense, new Dropout(dropout, { name: `${name}_dropout` })] : dense;
  });
  const outputs = head === 'classes' ? classes : 1;
  const activation = head === 'classes' ? 'softmax' : 'linear';
  const model = new Sequential([...hidden, new Dense(outputs, { name: 'output', activation, ...penalty })], { seed });
  model.build([features]);
  return model;
}

/** For verdicts and what is done to a network afterwards: with the score that is shown. */
export const metricsOf = (head: Head): ('accuracy' | ReturnType<typeof r2>)[] =>
  head === 'number' ? [r2()] : ['accuracy'];
