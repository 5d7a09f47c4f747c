import {
  Adam,
  type Callback,
  Dense,
  Dropout,
  div,
  type History,
  type Regularizer,
  Sequential,
  type Tensor,
} from 'whittle-ml';
import { splitIndices, type Table, takeRows } from 'whittle-ml/data';
import type { Pair } from './made-data.ts';

export interface Recipe {
  /** Widths of the hidden layers, with relu. Default [32]. */
  readonly hidden?: readonly number[];
  /** Of all kernels. */
  readonly kernelRegularizer?: Regularizer;
  /** Behind each hidden layer or, where there is none, before the only one. Default 0. */
  readonly dropout?: number;
}

/** Of numbers, compiled with Adam at 0.01. */
export function regressor(seed: number, recipe: Recipe = {}): Sequential {
  const model = new Sequential([...layersOf(recipe), new Dense(1, penaltyOf(recipe))], { seed });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse', metrics: ['r2'] });
  return model;
}

/** Of ten digits, compiled with Adam at 0.01. */
export function classifier(seed: number, recipe: Recipe = {}): Sequential {
  const last = new Dense(10, { activation: 'softmax', ...penaltyOf(recipe) });
  const model = new Sequential([...layersOf(recipe), last], { seed });
  const loss = 'sparseCategoricalCrossentropy';
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss, metrics: ['accuracy'] });
  return model;
}

function layersOf(recipe: Recipe): (Dense | Dropout)[] {
  const { hidden = [32], dropout = 0 } = recipe;
  const left = (): Dropout[] => (dropout === 0 ? [] : [new Dropout(dropout)]);
  if (hidden.length === 0) return left();
  return hidden.flatMap((units) => [new Dense(units, { activation: 'relu', ...penaltyOf(recipe) }), ...left()]);
}

const penaltyOf = ({ kernelRegularizer }: Recipe): Pick<Recipe, 'kernelRegularizer'> =>
  kernelRegularizer === undefined ? {} : { kernelRegularizer };

/** All samples in each step, so that as many epochs are as many steps, whatever the number of samples. */
export function train(model: Sequential, [x, y]: Pair, epochs: number, callbacks: readonly Callback[] = []): History {
  return model.fit(x, y, { epochs, batchSize: x.shape[0]!, callbacks });
}

/** R² on the samples that were trained on and on others, and the one less the other. */
export interface Fit {
  readonly train: number;
  readonly test: number;
  readonly gap: number;
}

/** R² or, of digits, accuracy in percent. */
export function fitOf(model: Sequential, own: Pair, others: Pair): Fit {
  const [before, after] = [own, others].map(([x, y]) => {
    const { r2, accuracy } = model.evaluate(x, y, { batchSize: 1024 });
    return r2 ?? 100 * accuracy!;
  }) as [number, number];
  return { train: before, test: after, gap: before - after };
}

/** Mean of |w| over all kernels. */
export function meanWeight(model: Sequential): number {
  const kernels = model.trainable.filter(({ name }) => name.endsWith('kernel'));
  const weights = kernels.flatMap(({ value }) => [...value.data]);
  return weights.reduce((sum, w) => sum + Math.abs(w), 0) / weights.length;
}

/** Digits with ink from 0 to 1, drawn by the seed with equal shares of the classes: as many to train on, 400 others to test on. */
export function digitsOf({ features, target }: Table, seed: number, count: number): { own: Pair; others: Pair } {
  const { train: rest, test } = splitIndices(target!.shape[0]!, { testSize: 400, seed, stratify: target! });
  const x: Tensor = div(features, 16);
  const pick = (rows: Int32Array): Pair => [takeRows(x, rows), takeRows(target!, rows)];
  return { own: pick(rest.subarray(0, count)), others: pick(test) };
}
