import {
  Adam,
  classesOf,
  Dense,
  div,
  encodeNetwork,
  Model,
  type Network,
  predictNetwork,
  type Samples,
  type Schedule,
  Sequential,
  toNetwork,
} from 'whittle-ml';
import { trainTestSplit } from 'whittle-ml/data';
import { type Bilingual, both } from './bilingual.ts';
import type { Context } from './claim.ts';

/** What claims about the digits have in common: which of them a seed draws, small networks, and what these get right. */

export interface Drawn {
  readonly train: Samples;
  /** All others: nothing is chosen by these. */
  readonly test: Samples;
}

/** Digits with pixels from 0 to 1: so many, of all classes alike, to train on, drawn by the seed, and the rest to judge by. */
export async function drawDigits(seed: number, { digits }: Pick<Context, 'digits'>, count: number): Promise<Drawn> {
  const { features, target } = await digits();
  const testSize = target.shape[0]! - count;
  const [[x, xTest], [y, yTest]] = trainTestSplit([div(features, 16), target], { stratify: target, testSize, seed });
  return { train: [x, y], test: [xTest, yTest] };
}

/** Dense layers of so many neurons between the 64 pixels and the ten digits. */
export function denseNetwork(hidden: readonly [number, ...number[]], seed: number): Sequential {
  const layers = hidden.map((units) => new Dense(units, { activation: 'relu' }));
  const model = new Sequential([...layers, new Dense(10, { activation: 'softmax' })], { seed });
  model.build([64]);
  return model;
}

/** The model, trained by Adam in batches of 32. */
export function fitted<M extends Model>(
  model: M,
  [x, y]: Samples,
  epochs: number,
  learningRate: number | Schedule = 0.005,
): M {
  model.compile({ optimizer: new Adam({ learningRate }), loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs });
  return model;
}

/** Which digit a network takes each sample for. */
export const answersOf = (subject: Model | Network, x: Samples[0]): ArrayLike<number> =>
  classesOf(subject instanceof Model ? subject.predict(x) : predictNetwork(subject, x), { scale: 'probabilities' });

/** In how many places of a hundred two lists are the same. */
export const agreement = (p: ArrayLike<number>, q: ArrayLike<number>): number =>
  (100 * Array.from(p).filter((each, i) => each === q[i]).length) / p.length;

/** Percent of the samples that a network gets right. */
export const accuracyOf = (subject: Model | Network, [x, y]: Samples): number =>
  agreement(answersOf(subject, x), y.data);

/** Of the file, with its weights coded or as they lie in memory. */
export const bytesOf = (subject: Model | Network, coding: 'none' | 'huffman' | 'range' = 'none'): number =>
  encodeNetwork(subject instanceof Model ? toNetwork(subject) : subject, { coding }).length;

export const PERCENT: Bilingual = both('%');
/** Of differences of percentages. */
export const POINTS: Bilingual = { en: 'points', zh: '个百分点' };
export const BYTES: Bilingual = { en: 'bytes', zh: '字节' };
