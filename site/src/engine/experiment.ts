import { assign, EarlyStopping, type Loss, type Optimizer, type Sequential, type Tensor, tensor } from 'whittle-ml';
import { RANGES } from '../state/ranges.ts';
import type { DataSettings, NetworkSettings, TrainingSettings } from '../state/settings.ts';
import { orderOf, type Parts, partsOf, pick } from './data.ts';
import { explainNeuron } from './explain.ts';
import { type Course, decisionsOf, meanLoss, scoreOf, verdictOf } from './judge.ts';
import type { Explanation, LayerShape, Picture, Samples, Stop, Verdict } from './messages.ts';
import {
  classTargets,
  type Head,
  headOf,
  type LossName,
  lossFor,
  lossOf,
  metricsOf,
  networkOf,
  optimizerOf,
} from './models.ts';
import { Painter, rangesOf } from './pictures.ts';
import { Refusal } from './refusal.ts';
import { type Scaling, scalingOf } from './scaling.ts';
import type { Rows } from './sets.ts';
import { stagesOf } from './stages.ts';
import type { Part, Predict, Trained } from './trained.ts';

export interface ExperimentSettings {
  readonly data: DataSettings;
  readonly network: NetworkSettings;
  readonly training: TrainingSettings;
}

/** The weights after an epoch, to go back to. */
interface Kept {
  readonly epoch: number;
  readonly weights: readonly Float32Array[];
}

/** A loss of so many times the first is on its way to no number at all: what led there is not gone back to. */
const BURST = 10;

/** A network with its data, trained batch by batch. */
export class Experiment {
  readonly samples: Samples;
  readonly features: readonly string[];
  readonly head: Head;
  readonly network: Sequential;
  readonly train: Part;
  readonly validation: Part;
  readonly test: Part;
  /** Epochs that are complete. */
  epoch = 0;
  readonly course: Course = { losses: { train: [], validation: [] }, scores: { train: [], validation: [] } };
  scores: { train: number; validation: number; test: number };
  lossName: LossName;
  #settings: ExperimentSettings;
  readonly #rows: Rows;
  readonly #scaling: Scaling;
  readonly #painter: Painter;
  readonly #all: Tensor;
  #loss: Loss;
  #targets: Tensor;
  #order: Int32Array = new Int32Array(0);
  #at = 0;
  #stopping: EarlyStopping | null = null;
  /** Whether training has ended, and begins anew with the next batch. */
  #hasEnded = true;
  #good: Kept;
  readonly #firstLoss: number;
  #lastSample = 0;

  constructor(rows: Rows, settings: ExperimentSettings) {
    const { data, network, training } = settings;
    this.#rows = rows;
    this.#settings = settings;
    this.lossName = lossFor(training.loss, rows);
    this.head = headOf(this.lossName, rows);
    const { names, values, task } = rows;
    const parts = partsOf(rows, data);
    const width = names.length + 1;
    const [train, validation, test] = (['train', 'validation', 'test'] as const).map((part) =>
      columnsOf(pick(values, width, parts[part]), width),
    ) as [Columns, Columns, Columns];
    this.#scaling = scalingOf(names, data.degree, train.x, task === 'regression' ? train.y : null);
    this.features = this.#scaling.features;
    this.train = this.#part(train);
    this.validation = this.#part(validation);
    this.test = this.#part(test);
    const ranges = rangesOf(rows);
    this.samples = samplesIn(rows, parts, ranges, this.features);
    this.#painter = new Painter(rows, this.head, this.#scaling, ranges);
    this.network = this.#newNetwork(network);
    this.#loss = lossOf(this.lossName);
    this.#targets = this.train.y;
    this.#compile();
    const all = [this.train, this.validation, this.test].flatMap(({ x }) => [...x.data]);
    this.#all = tensor(Float32Array.from(all), { shape: [rows.count, this.features.length] });
    const figures = this.#figures();
    this.scores = figures.scores;
    this.#firstLoss = figures.losses.train;
    this.#good = this.#keep();
  }

  get settings(): ExperimentSettings {
    return this.#settings;
  }

  get shape(): LayerShape[] {
    return stagesOf(this.network).map(({ name, units, activation }) => ({ name, units, activation }));
  }

  /** The epoch whose weights early stopping goes back to, or would, counted from 1; null before the first. */
  get best(): number | null {
    const own = this.#stopping?.bestEpoch ?? null;
    if (own !== null) return own + 1;
    const { validation } = this.course.losses;
    let best: number | null = null;
    validation.forEach((loss, i) => {
      if (best === null || loss < validation[best - 1]!) best = i + 1;
    });
    return best;
  }

  /** Sets what may change while it trains. Throws Refusal for a loss of another output layer. */
  adjust(training: TrainingSettings): void {
    const before = this.#settings.training;
    const name = lossFor(training.loss, this.#rows);
    if (headOf(name, this.#rows) !== this.head) throw new Refusal({ kind: 'other output', loss: training.loss });
    const optimizer = optimizerOf(training); // throws for a rate that is none
    this.#settings = { ...this.#settings, training };
    if (name !== this.lossName) {
      this.lossName = name;
      this.#loss = lossOf(name);
      for (const part of [this.train, this.validation, this.test])
        Object.assign(part, { y: this.#targetsOf(part.truth) });
      this.#targets = this.train.y;
    }
    const isSame = before.optimizer === training.optimizer;
    if (isSame) this.network.optimizer.learningRate = training.learningRate;
    this.#compile(isSame ? this.network.optimizer : optimizer);
    const { earlyStopping, patience, restoreBest } = training;
    if (earlyStopping === before.earlyStopping && patience === before.patience && restoreBest === before.restoreBest)
      return;
    const state = restoreBest === before.restoreBest ? this.#stopping?.state() : undefined;
    this.#stopping = null;
    if (this.#hasEnded || !earlyStopping) return;
    this.#stopping = stoppingOf(training);
    if (state !== undefined) this.#stopping.restore(state, this.network);
    this.#stopping.onTrainBegin(this.network);
    this.network.stopTraining = false;
  }

  /** One batch. Returns why training stops after it, and null where it goes on. */
  advance(): Stop | null {
    const { epochs } = this.#settings.training;
    if (this.epoch >= epochs) return this.#end({ kind: 'done' });
    if (this.#hasEnded) this.#begin();
    const count = this.train.truth.length;
    if (this.#at === 0) this.#order = orderOf(count, this.#settings.data.seed, this.epoch);
    const rows = this.#order.subarray(this.#at, this.#at + this.#settings.training.batchSize);
    const { loss } = this.network.trainOnBatch(rowsAt(this.train.x, rows), rowsAt(this.#targets, rows));
    this.#lastSample = rows.at(-1)!;
    const where = Number.isFinite(loss) ? this.#badLayer() : 'loss';
    if (where !== null) return this.#break(where);
    this.#at += rows.length;
    return this.#at < count ? null : this.#endEpoch();
  }

  /** Whether the last batch was the last of its epoch, or none was begun. */
  get isBetweenEpochs(): boolean {
    return this.#at === 0;
  }

  /** What a neuron computes of a sample, in the units that are shown, or of the last one that was trained on. */
  explain(layer: number, unit: number, sample: readonly number[] | undefined): Explanation {
    return explainNeuron(this.network, this.features, this.#sampleOf(sample), layer, unit);
  }

  picture(): Picture {
    return this.#painter.paint((x) => this.network.predict(x), this.network);
  }

  weights(): Float32Array[] {
    return stagesOf(this.network).map(({ kernel }) => kernel);
  }

  verdict(): Verdict {
    return verdictOf(this.#copy(), this.head, this.course, this.train, this.validation);
  }

  /** The experiment as its tools see it. */
  trained(): Trained {
    const { head, epoch, samples, train, validation, test } = this;
    const [scaling, painter, loss] = [this.#scaling, this.#painter, this.#loss];
    const { network, training } = this.#settings;
    const decide = (outputs: Tensor): Float32Array => decisionsOf(outputs, head, scaling);
    return {
      ...this.#settings,
      ...{ epoch, samples, loss },
      train: { ...train },
      validation: { ...validation },
      test: { ...test },
      model: this.#copy(),
      newOptimizer: () => optimizerOf(training),
      newModel: (share) => {
        const layers = network.layers.map((layer) => ({
          ...layer,
          units: Math.max(1, Math.round(share * layer.units)),
        }));
        const model = this.#newNetwork({ ...network, layers });
        model.compile({ optimizer: optimizerOf(training), loss, metrics: metricsOf(head) });
        return model;
      },
      picture: (predict: Predict) => painter.paint(predict, null),
      score: (outputs, part) => scoreOf(decide(outputs), part, head),
      lossOf: (outputs, part) => meanLoss(loss, outputs, part),
      decide,
    };
  }

  #part({ x, y }: Columns): Part {
    return { x: this.#scaling.inputs(x), y: this.#targetsOf(y), truth: y };
  }

  #targetsOf(truth: Float32Array): Tensor {
    return this.head === 'number'
      ? this.#scaling.targets(truth)
      : classTargets(truth, this.lossName, this.#rows.classes.length);
  }

  #sampleOf(sample: readonly number[] | undefined): Float32Array {
    const width = this.features.length;
    if (sample === undefined) {
      const start = this.#lastSample * width;
      return Float32Array.from(this.train.x.data.subarray(start, start + width));
    }
    const { inputs } = this.samples;
    if (sample.length !== inputs) throw new Refusal({ kind: 'bad sample', wanted: inputs, given: sample.length });
    return Float32Array.from(this.#scaling.inputs(Float32Array.from(sample)).data);
  }

  #compile(optimizer: Optimizer = optimizerOf(this.#settings.training)): void {
    this.network.compile({ optimizer, loss: this.#loss });
  }

  /** A copy that knows the scores too, which training does without. */
  #copy(): Sequential {
    const copy = this.#newNetwork(this.#settings.network);
    copy.weights.forEach(({ value }, i) => {
      assign(value, this.network.weights[i]!.value);
    });
    copy.steps = this.network.steps;
    copy.compile({
      optimizer: optimizerOf(this.#settings.training),
      loss: this.#loss,
      metrics: metricsOf(this.head),
    });
    return copy;
  }

  #newNetwork(network: NetworkSettings): Sequential {
    const { data } = this.#settings;
    return networkOf(network, this.features.length, this.head, this.#rows.classes.length, data.seed);
  }

  #begin(): void {
    const { training } = this.#settings;
    this.#hasEnded = false;
    this.network.stopTraining = false;
    this.#stopping = training.earlyStopping ? stoppingOf(training) : null;
    this.#stopping?.onTrainBegin(this.network);
  }

  #endEpoch(): Stop | null {
    const { losses, scores } = this.#figures();
    const { train, validation } = losses;
    if (!Number.isFinite(train + validation)) return this.#break('loss');
    this.#at = 0;
    this.course.losses.train.push(train);
    this.course.losses.validation.push(validation);
    this.course.scores.train.push(scores.train);
    this.course.scores.validation.push(scores.validation);
    this.scores = scores;
    const epoch = this.epoch++;
    if (train <= BURST * this.#firstLoss) this.#good = this.#keep();
    this.#stopping?.onEpochEnd(epoch, { loss: train, val_loss: validation }, this.network);
    if (this.network.stopTraining) {
      const { restoreBest } = this.#settings.training;
      return this.#end({ kind: 'early', bestEpoch: this.best!, isRestored: restoreBest });
    }
    return this.epoch >= this.#settings.training.epochs ? this.#end({ kind: 'done' }) : null;
  }

  /** Goes back to the best weights where that is wanted, as the library's `fit` does whatever ends it. */
  #end(stop: Stop): Stop {
    this.#hasEnded = true;
    this.#stopping?.onTrainEnd(this.network);
    this.scores = this.#figures().scores;
    return stop;
  }

  /** Goes back to the last weights that were good. */
  #break(where: string): Stop {
    const { learningRate } = this.#settings.training;
    const broken = this.epoch + 1;
    const { epoch, weights } = this.#good;
    this.network.weights.forEach(({ value }, i) => {
      assign(value, tensor(weights[i]!, { shape: value.shape }));
    });
    this.epoch = epoch;
    this.#at = 0;
    for (const each of [...Object.values(this.course.losses), ...Object.values(this.course.scores)])
      each.length = epoch;
    this.#hasEnded = true;
    this.#stopping = null;
    this.#compile();
    this.scores = this.#figures().scores;
    const suggestedRate = Math.max(learningRate / 10, RANGES.learningRate.min);
    return { kind: 'nan', where, epoch: broken, suggestedRate };
  }

  #badLayer(): string | null {
    const bad = this.network.layers.find(({ weights }) => weights.some(({ value }) => !areNumbers(value.data)));
    return bad?.name ?? null;
  }

  #keep(): Kept {
    return { epoch: this.epoch, weights: this.network.weights.map(({ value }) => Float32Array.from(value.data)) };
  }

  #figures(): { readonly losses: Figures; readonly scores: Figures } {
    const outputs = this.network.predict(this.#all, { batchSize: 1024 });
    const width = outputs.shape[1]!;
    let start = 0;
    const losses: Figures = { train: 0, validation: 0, test: 0 };
    const scores: Figures = { train: 0, validation: 0, test: 0 };
    for (const name of ['train', 'validation', 'test'] as const) {
      const part = this[name];
      const { length } = part.truth;
      const values = outputs.data.slice(start * width, (start + length) * width) as Float32Array;
      const own = tensor(values, { shape: [length, width] });
      losses[name] = meanLoss(this.#loss, own, part);
      scores[name] = scoreOf(decisionsOf(own, this.head, this.#scaling), part, this.head);
      start += length;
    }
    return { losses, scores };
  }
}

type Figures = { -readonly [K in 'train' | 'validation' | 'test']: number };

interface Columns {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** The last column apart. */
function columnsOf(values: Float32Array, width: number): Columns {
  const count = values.length / width;
  const x = new Float32Array(count * (width - 1));
  for (let i = 0; i < count; i++) x.set(values.subarray(i * width, (i + 1) * width - 1), i * (width - 1));
  return { x, y: Float32Array.from({ length: count }, (_, i) => values[(i + 1) * width - 1]!) };
}

function samplesIn(rows: Rows, parts: Parts, ranges: Samples['ranges'], features: readonly string[]): Samples {
  const { task, names, classes, values } = rows;
  const of = (part: keyof Parts): Float32Array => pick(values, names.length + 1, parts[part]);
  return {
    task,
    inputs: names.length,
    names,
    features,
    classes,
    train: of('train'),
    validation: of('validation'),
    test: of('test'),
    ranges,
  };
}

const stoppingOf = ({ patience, restoreBest }: TrainingSettings): EarlyStopping =>
  new EarlyStopping({ monitor: 'val_loss', patience, restoreBestWeights: restoreBest });

/** Rows of a tensor [samples] or [samples, ...]. */
function rowsAt(t: Tensor, rows: Int32Array): Tensor {
  const width = t.size / t.shape[0]!;
  const { data } = t;
  const picked = t.dtype === 'int32' ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++)
    for (let j = 0; j < width; j++) picked[i * width + j] = data[rows[i]! * width + j]!;
  return tensor(picked, { shape: [rows.length, ...t.shape.slice(1)] });
}

/** Whether all of these are numbers: any other, times 0, is none, and stays so in the sum. */
function areNumbers(values: ArrayLike<number>): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]!;
  return sum === 0;
}
