import {
  Adam,
  add,
  assign,
  type Callback,
  cosineDecay,
  fromData,
  LearningRateScheduler,
  type Loss,
  type LossFunction,
  Model,
  mul,
  type Network,
  noGrad,
  oneHot,
  predictNetwork,
  slice,
  softmax,
  softmaxCrossEntropy,
  step,
  type Tensor,
  zeros,
} from 'whittle-ml';
import { CLASSES, type Labelled, tensorOf } from './images.ts';
import { jitter } from './jitter.ts';

/** What is learned of a teacher: its answers to each image, as it is moved, softened by `temperature`. */
export interface Teaching {
  readonly teacher: Model;
  readonly temperature: number;
  /** Weight of the teacher's word against the labels'. */
  readonly alpha: number;
}

export interface TrainOptions {
  readonly samples: Labelled;
  readonly epochs: number;
  /** Of Adam, at first; it goes to a hundredth of that along a cosine. */
  readonly rate: number;
  /** Images are moved by up to as many pixels along each axis, anew each epoch. Default 0. */
  readonly jitter?: number;
  readonly teaching?: Teaching | null;
  readonly callbacks?: readonly Callback[];
  /** Hears after each epoch which share of them is done. */
  readonly tell: (share: number) => void;
}

export const BATCH = 128;

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
  const { samples, epochs, rate, jitter: most = 0, teaching = null, callbacks = [] } = options;
  const x = tensorOf(samples, model.inputShape);
  const labels = fromData(samples.labels, [samples.labels.length]);
  const own = courseOf(options);
  if (most > 0) own.push(moving(x, most, samples, model.seed));
  let y = labels;
  if (teaching !== null) {
    y = zeros([samples.labels.length, 2 * CLASSES]);
    own.push(asking(teaching.teacher, x, labels, y, most > 0));
  }
  const loss = teaching === null ? 'sparseCategoricalCrossentropy' : softTargets(teaching);
  model.compile({ optimizer: new Adam({ learningRate: rate }), loss });
  model.fit(x, y, { epochs, batchSize: BATCH, callbacks: [...own, ...callbacks] });
  model.compile({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy' });
}

/** Moves the images of `x` at the beginning of each epoch. */
function moving(x: Tensor, most: number, { height, width }: Labelled, seed: number): Callback {
  const from = Float32Array.from(x.data);
  const to = new Float32Array(from.length);
  return {
    onEpochBegin(epoch) {
      jitter(from, to, [height, width], { seed, epoch, most });
      assign(x, fromData(to, x.shape));
    },
  };
}

/** Keeps in `y` [n, 2·classes] the labels and what the teacher says of `x`: each epoch anew where images move. */
function asking(teacher: Model, x: Tensor, labels: Tensor, y: Tensor, again: boolean): Callback {
  const rows = oneHot(labels, CLASSES).data;
  const both = new Float32Array(y.size);
  return {
    onEpochBegin(epoch) {
      if (epoch > 0 && !again) return;
      const answers = logitsOf(teacher, x);
      for (let i = 0; i < labels.size; i++) {
        const [start, end] = [i * CLASSES, (i + 1) * CLASSES];
        both.set(rows.subarray(start, end) as Float32Array, 2 * start);
        both.set(answers.subarray(start, end), 2 * start + CLASSES);
      }
      assign(y, fromData(both, y.shape));
    },
  };
}

/** What a model gives before its softmax, [n, classes]. */
export function logitsOf(model: Model, x: Tensor): Float32Array {
  const n = x.shape[0]!;
  const logits = new Float32Array(n * CLASSES);
  for (let start = 0; start < n; start += 500) {
    step(() => {
      const part = slice(x, [[start, Math.min(n, start + 500)]]);
      logits.set(noGrad(() => model.forward([part], { logits: true })).data as Float32Array, start * CLASSES);
    });
  }
  return logits;
}

/** alpha·T²·H(softmax(t/T), softmax(s/T)) + (1 - alpha)·H(label, softmax(s)) of rows that hold label and t (Hinton et al. 2015). */
function softTargets({ temperature: T, alpha }: Teaching): Loss {
  const call: LossFunction = (rows, s) => {
    const label = slice(rows, [null, [0, CLASSES]]);
    const t = slice(rows, [null, [CLASSES, 2 * CLASSES]]);
    const soft = softmaxCrossEntropy(mul(s, 1 / T), softmax(mul(t, 1 / T)));
    return add(mul(soft, alpha * T * T), mul(softmaxCrossEntropy(s, label), 1 - alpha));
  };
  return { name: 'custom', call, callLogits: call, activation: 'softmax', replayable: true };
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
