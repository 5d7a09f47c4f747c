import { cloneModel, Dense, type Model, type Network, type Samples, Sequential } from 'whittle-ml';
import { StandardScaler, trainTestSplit } from 'whittle-ml/data';
import type { Context } from './claim.ts';
import { accuracyOf } from './drawn-digits.ts';

/** What claims about smaller forms of a trained network have in common: its samples, how it is trained, how forms are judged. */

export interface Parts {
  /** Three fifths of the digits. */
  readonly train: Samples;
  /** All others. Nothing is chosen by these. */
  readonly test: Samples;
}

/** The digits, split by the seed, with pixels that have mean 0 and standard deviation 1 in the training part. */
export async function partsOf(seed: number, { digits }: Pick<Context, 'digits'>): Promise<Parts> {
  const { features, target } = await digits();
  const [[x, xTest], [y, yTest]] = trainTestSplit([features, target], { stratify: target, testSize: 0.4, seed });
  const scaler = new StandardScaler().fit(x);
  return { train: [scaler.transform(x), y], test: [scaler.transform(xTest), yTest] };
}

/** 64-64-32-10, which has about 98 % of the digits right when it is trained. */
export function classifier(seed: number): Sequential {
  const hidden = [64, 32].map((units) => new Dense(units, { activation: 'relu' }));
  const model = new Sequential([...hidden, new Dense(10, { activation: 'softmax' })], { seed });
  model.build([64]);
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** Of the first training, and of all that goes on behind it: by the loss in training, ten are too few for what was pruned. */
export const EPOCHS = 30;

/** The classifier as it is trained on the training part. */
export function teacher(seed: number, { train: [x, y] }: Parts): Sequential {
  const model = classifier(seed);
  model.fit(x, y, { epochs: EPOCHS });
  return model;
}

/** A copy that is trained on, with a fresh optimizer: what was pruned as well as what it is held against. */
export function trainedOn(model: Model, { train: [x, y] }: Parts, epochs = EPOCHS): Model {
  const copy = cloneModel(model);
  copy.fit(x, y, { epochs });
  return copy;
}

/** In percent, of the test part. */
export const accuracy = (subject: Model | Network, { test }: Pick<Parts, 'test'>): number => accuracyOf(subject, test);
