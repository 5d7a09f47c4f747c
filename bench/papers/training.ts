import {
  Adam,
  type Augment,
  type Callback,
  cosineDecay,
  fromData,
  LearningRateScheduler,
  Model,
  type Network,
  predictNetwork,
  reshape,
} from 'whittle-ml';
import { augment } from 'whittle-ml/data';
import { CLASSES, type Labelled, tensorOf } from './images.ts';

export interface TrainOptions {
  readonly samples: Labelled;
  readonly epochs: number;
  /** Of Adam, at first; it goes to a hundredth of that along a cosine. */
  readonly rate: number;
  /** Images are moved by up to as many pixels along each axis, anew each epoch. Default 0. */
  readonly jitter?: number;
  readonly callbacks?: readonly Callback[];
  /** Hears after each epoch which share of them is done. */
  readonly tell: (share: number) => void;
}

export const BATCH = 128;
export const LOSS = 'sparseCategoricalCrossentropy';

/** Steps of an epoch. */
export const stepsOf = ({ labels }: Labelled): number => Math.ceil(labels.length / BATCH);

/** The rates of so many epochs, and word of each. */
export function courseOf({ rate, epochs, tell }: Pick<TrainOptions, 'rate' | 'epochs' | 'tell'>): Callback[] {
  const rates = cosineDecay(rate, epochs, 0.01);
  return [
    new LearningRateScheduler((epoch) => rates(epoch)),
    { onEpochEnd: (epoch): void => tell((epoch + 1) / epochs) },
  ];
}

/** Trains a model where it is, on all samples for as many epochs as are said, with Adam in batches of 128. */
export function train(model: Model, options: TrainOptions): void {
  const { samples, epochs, rate, jitter: most = 0, callbacks = [] } = options;
  const x = tensorOf(samples, model.inputShape);
  const labels = fromData(samples.labels, [samples.labels.length]);
  const own = courseOf(options);
  model.compile({ optimizer: new Adam({ learningRate: rate }), loss: LOSS });
  const moved = most > 0 && { augment: moving(model, most, samples) };
  model.fit(x, labels, { epochs, batchSize: BATCH, callbacks: [...own, ...callbacks], ...moved });
  model.compile({ optimizer: new Adam(), loss: LOSS });
}

/** Images that are moved by up to `most` pixels along each axis, anew in each epoch of a fit. */
function moving({ seed, epochs: before }: Model, most: number, { height, width }: Labelled): Augment {
  return ([x, labels], epoch) => {
    const images = reshape(x, [-1, height, width]);
    return [reshape(augment(images, { shift: most, seed, epoch: epoch - before }), x.shape), labels];
  };
}

/** How many samples a model or a network gets wrong. */
export function errorsOf(subject: Model | Network, samples: Labelled): number {
  const x = tensorOf(samples, subject instanceof Model ? subject.inputShape : subject.inputs[0]!.shape);
  const { data } = subject instanceof Model ? subject.predict(x, { batchSize: 500 }) : predictNetwork(subject, x, 500);
  return samples.labels.reduce((wrong, label, i) => {
    const row = data.subarray(i * CLASSES, (i + 1) * CLASSES) as Float32Array;
    return wrong + (row.indexOf(Math.max(...row)) === label ? 0 : 1);
  }, 0);
}
