import {
  Adam,
  type Callback,
  cosineDecay,
  Dense,
  type DenseOptions,
  Dropout,
  Flatten,
  type History,
  type Layer,
  type Model,
  type Samples,
  type Schedule,
  Sequential,
} from 'whittle-ml';
import type { Prepared } from './prepare.ts';
import type { Progress } from './types-base.ts';

export interface NetworkOptions extends Pick<DenseOptions, 'kernelRegularizer'> {
  /** Rate of a dropout layer after every hidden layer. Default none. */
  readonly dropout?: number;
  /** Of the first weights, and of the order of the samples. Default that of the bench. */
  readonly seed?: number | undefined;
}

export interface TrainOptions {
  readonly epochs: number;
  readonly learningRate?: number | Schedule;
  readonly callbacks?: readonly Callback[];
  /** Follow the validation samples epoch by epoch. Default false. */
  readonly watch?: boolean;
}

/** Makes and trains the networks of one seed, all in the same way, and keeps the time. */
export class Workbench {
  readonly data: Prepared;
  readonly seed: number;
  /** Of all training so far. */
  seconds = 0;
  private readonly factor: number;
  private readonly progress: Progress;

  /** `factor` scales the epochs of every training run. */
  constructor(data: Prepared, seed: number, factor: number, progress: Progress) {
    this.data = data;
    this.seed = seed;
    this.factor = factor;
    this.progress = progress;
  }

  /**
   * A perceptron with relu between the table's inputs and outputs; softmax for classes, linear for numbers. Of images it
   * takes the pixels one by one.
   */
  network(hidden: readonly number[], { dropout, seed = this.seed, ...options }: NetworkOptions = {}): Sequential {
    const { inputShape } = this.data;
    const layers = hidden.flatMap((units): Layer[] => {
      const layer = new Dense(units, { activation: 'relu', ...options });
      return dropout === undefined ? [layer] : [layer, new Dropout(dropout)];
    });
    if (inputShape.length > 1) layers.unshift(new Flatten());
    const last = this.data.task === 'classification' ? 'softmax' : 'linear';
    layers.push(new Dense(this.data.outputs, { activation: last, ...options }));
    const model = new Sequential(layers, { seed });
    model.build(inputShape);
    this.compile(model);
    return model;
  }

  /** Gives a model a fresh Adam (default rate 0.001) and the table's loss and score. */
  compile(model: Model, learningRate: number | Schedule = 0.001): void {
    const classes = this.data.task === 'classification';
    model.compile({
      optimizer: new Adam({ learningRate }),
      loss: classes ? 'sparseCategoricalCrossentropy' : 'mse',
      metrics: [classes ? 'accuracy' : 'r2'],
    });
  }

  /**
   * Epochs of a run that takes `epochs` with `reference` samples: more samples need fewer, so that the number of steps
   * stays about the same, within a tenth and four times.
   */
  epochs(epochs: number, samples: number, reference: number): number {
    const scale = Math.min(4, Math.max(0.1, reference / samples));
    return Math.max(1, Math.round(epochs * this.factor * scale));
  }

  /** Small tables get small batches: with 32 they would get too few steps an epoch. */
  batchSize(samples: number): number {
    return samples < 64 ? 8 : samples < 160 ? 16 : 32;
  }

  /** From `rate` down to 0 over a training, along half a cosine. */
  decaying(rate: number, epochs: number, samples: number): Schedule {
    return cosineDecay(rate, epochs * Math.ceil(samples / this.batchSize(samples)));
  }

  fit(name: string, model: Model, [x, y]: Samples, options: TrainOptions): History {
    const { epochs, learningRate, callbacks = [], watch = false } = options;
    if (learningRate !== undefined) this.compile(model, learningRate);
    const validation = watch ? { validationData: this.data.watched } : {};
    const ticks = this.ticks(name, epochs);
    const batchSize = this.batchSize(y.shape[0]!);
    return this.timed(() => model.fit(x, y, { epochs, batchSize, callbacks: [...callbacks, ticks], ...validation }));
  }

  /** Counts the time of `train` as training. */
  timed<T>(train: () => T): T {
    const start = performance.now();
    const result = train();
    this.seconds += (performance.now() - start) / 1000;
    return result;
  }

  /** Ticks once an epoch, and at the end for the epochs that early stopping saved. */
  ticks(name: string, epochs: number): Callback {
    let done = 0;
    const tick = (): void => {
      done++;
      this.progress.tick(`${name}: epoch ${done} of ${epochs}`);
    };
    return {
      onEpochEnd: tick,
      onTrainEnd: () => {
        while (done < epochs) tick();
      },
    };
  }
}
