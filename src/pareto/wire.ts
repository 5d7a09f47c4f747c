import type { TypedArray } from '../../kernels/arrays.ts';
import { messageOf, StateError } from '../base/errors.ts';
import { DamageReport } from '../compress/damage-report.ts';
import type { DType } from '../memory/dtype.ts';
import type { Model } from '../nn/model.ts';
import { loadModel, saveModel } from '../nn/model-file.ts';
import { listOf, oneOrAll, type SampleLists, type Tensors } from '../nn/samples.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import type { Bench, Outcome } from './trials.ts';
import type { Trial } from './types.ts';

/** What workers are told and tell, as structured clones. */

interface SentTensor {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** The first message. */
export interface SentBench {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly samples: readonly (readonly [xs: readonly SentTensor[], ys: readonly SentTensor[]])[];
  readonly batchSize: number;
  readonly learningRate: number;
}

/** Each other message. */
export interface SentTrial {
  readonly trial: Trial;
}

/** What comes back: an outcome, or an error that was none. */
export type Answer = { readonly outcome: Outcome } | { readonly problem: string };

/** Numbers are copied: a view of the kernels' memory would take all of it along. */
const sentTensor = (t: Tensor): SentTensor => ({ data: t.data.slice(), shape: t.shape, dtype: t.dtype });
const sentTensors = (all: Tensors): SentTensor[] => listOf(all as Tensor | readonly Tensor[]).map(sentTensor);
const received = (all: readonly SentTensor[]): Tensors =>
  oneOrAll(all.map(({ data, shape, dtype }) => fromData(data, shape, dtype)));

/** The model as a file, for what an option needs it for. Throws StateError for a model with code of the user's own. */
export function fileOf(model: Model, need: string, option: 'workers' | 'journal'): Uint8Array<ArrayBuffer> {
  try {
    return saveModel(model);
  } catch (error) {
    throw new StateError('compress', `${need}, and there is none: ${messageOf(error)}. Leave out \`${option}\``);
  }
}

/** Throws StateError for a model with code of the user's own, which cannot be sent. */
export function sent({ model, x, y, validation, test, batchSize, learningRate }: Bench): SentBench {
  const file = fileOf(model, 'workers get the model as a file', 'workers');
  const all = [[x, y], validation, test] as readonly SampleLists[];
  const samples = all.map(([xs, ys]) => [sentTensors(xs as Tensors), sentTensors(ys as Tensors)] as const);
  return { model: file, samples, batchSize, learningRate };
}

export function benchOf({ model, samples, batchSize, learningRate }: SentBench): Bench {
  const [train, validation, test] = samples.map(([xs, ys]) => [received(xs), received(ys)] as const);
  const [x, y] = train!;
  return {
    ...{ model: loadModel(model), x, y, validation: validation!, test: test!, batchSize, learningRate },
    samples: samples[0]![0][0]!.shape[0]!,
  };
}

/** An outcome whose reports have their methods again, which clones are without. */
export function outcomeReceived(outcome: Outcome): Outcome {
  if ('failed' in outcome) return outcome;
  const { file, figures } = outcome;
  const report = ({ samples, outputs }: DamageReport): DamageReport => new DamageReport(samples, outputs);
  const validationDamage = report(figures.validationDamage);
  return { file, figures: { ...figures, validationDamage, testDamage: report(figures.testDamage) } };
}
