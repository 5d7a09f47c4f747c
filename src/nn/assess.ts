import { log64 } from '../../kernels/reference/math.ts';
import { gather } from '../autograd/movement.ts';
import { mean } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { ValueError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { checkModel } from './check-model.ts';
import type { CompiledGraph } from './compiled.ts';
import { outputsOf } from './heads.ts';
import { Figures, type Logs, weighted } from './objective.ts';
import type { Outputs } from './outputs.ts';
import { checkSamples, type Lists, listOf, type SampleLists, type Tensors } from './samples.ts';

/** A figure of a model as it stands. */
export interface Standing {
  /** On the samples it was trained on, and on held-out ones: as `evaluate` gives them, with dropout off. */
  readonly train: number;
  readonly validation: number;
  /** Standard errors of `validation` and `train`: what the choice of the samples leaves uncertain. Infinite for one sample. */
  readonly error: number;
  readonly trainError: number;
  /** What one answer to all samples reaches on either: the mean of the training targets, or shares of classes. NaN without. */
  readonly constant: number;
  readonly trainConstant: number;
  /** What the mean target of the nearest training samples reaches there, of 1 or of 10 of them, whichever is better. */
  readonly neighbours: readonly number[];
}

/** Figures by name, as in the history of a training. */
export type Standings = Readonly<Record<string, Standing>>;

/**
 * How good a compiled model is as it stands, and what is reached without learning: what `diagnose` goes by.
 *
 * @example
 * const { accuracy } = assess(model, [x, y], [xTest, yTest]);
 * [accuracy!.validation, accuracy!.constant]; // [ 1, 0.5 ]
 */
export function assess(model: CompiledGraph, train: SampleLists, validation: SampleLists): Standings {
  checkModel('assess', 'the model', model);
  for (const [name, samples] of Object.entries({ train, validation }))
    if (!Array.isArray(samples)) throw new ValueError('assess', name, 'samples [x, y]', samples);
  const names = [
    ['x of train', 'y of train'],
    ['x of validation', 'y of validation'],
  ] as const;
  const [own, held] = [train, validation].map(([x, y], i) =>
    model.prepare('assess', checkSamples('assess', model, x, y, names[i]), names[i]![1]),
  ) as [Lists, Lists];
  return standings(model, own, held);
}

/** `assess` for samples that were prepared. The loss is that without penalties: what answers without weights have. */
export function standings(model: CompiledGraph, train: Lists, held: Lists): Standings {
  const [own, other] = [train, held].map(({ xs, ys }) => {
    const predictions = listOf(model.predict<Tensors>(xs, { batchSize: 256 }));
    const figures = logsOf(model, ys, predictions);
    return { predictions, figures, errors: errorsOf(model, ys, predictions, figures) };
  }) as [Judged, Judged];
  const answers = train.ys.map((y, i) => new Answers(y, other.predictions[i]!, outputsOf(model, i)));
  const reached = (rows: readonly (readonly number[])[], of: Lists): Logs =>
    logsOf(
      model,
      of.ys,
      answers.map((each) => each.means(rows)),
    );
  const areKnown = answers.every(({ isKnown }) => isKnown);
  const all = Array.from({ length: train.n }, (_, i) => i);
  const constant = areKnown ? reached(Array(held.n).fill(all), held) : {};
  const trainConstant = areKnown ? reached(Array(train.n).fill(all), train) : {};
  const near = areKnown && held.xs.length === 1 ? neighbours(train, held) : null;
  const guesses = (k: number): Logs => {
    const rows = near!.nearest.map((each) => each.slice(0, k));
    return reached(rows, near!.held);
  };
  const guessed = near === null ? [] : [1, 10].map(guesses);
  return Object.fromEntries(
    Object.entries(other.figures).map(([key, validation]) => [
      key,
      {
        train: own.figures[key]!,
        validation,
        error: other.errors[key]!,
        trainError: own.errors[key]!,
        constant: constant[key] ?? Number.NaN,
        trainConstant: trainConstant[key] ?? Number.NaN,
        neighbours: guessed.map((logs) => logs[key]!),
      },
    ]),
  );
}

interface Judged {
  readonly predictions: readonly Tensor[];
  readonly figures: Logs;
  readonly errors: Logs;
}

/** Loss, without penalties, and metrics of outputs. */
function logsOf(model: CompiledGraph, ys: readonly Tensor[], predictions: readonly Tensor[]): Logs {
  return noGrad(() => {
    const { objectives } = model;
    const figures = new Figures(objectives, model.outputNames, (i) => outputsOf(model, i));
    const losses = objectives.map(({ loss }, i) => mean(loss.call(ys[i]!, predictions[i]!)));
    figures.observe(ys, { loss: losses[0]!, losses, predictions });
    figures.add(
      losses.reduce((sum, loss, i) => sum + weighted(loss, objectives[i]!).item(), 0),
      ys[0]!.shape[0]!,
    );
    return figures.logs;
  });
}

const square = (x: number): number => x * x;

/** Groups of the jackknife. */
const GROUPS = 20;
/** Of more samples the error is next to nothing beside any gap that matters. */
const MOST_JUDGED = 20000;

/**
 * Standard errors of figures by the jackknife over groups of samples (Efron & Tibshirani 1993, chapter 11), widened for few
 * samples about as Student's distribution is. A share of right answers is never taken to be more certain than with one more
 * right and one more wrong.
 */
function errorsOf(model: CompiledGraph, ys: readonly Tensor[], predictions: readonly Tensor[], own: Logs): Logs {
  const n = ys[0]!.shape[0]!;
  const groups = Math.min(GROUPS, n);
  const isFew = n < 2;
  const parts = Array.from({ length: isFew || n > MOST_JUDGED ? 0 : groups }, (_, group) => {
    const rest = Array.from({ length: n }, (__, i) => i).filter((i) => i % groups !== group);
    const part = (t: Tensor): Tensor => rowsAt(t, rest);
    return logsOf(model, ys.map(part), predictions.map(part));
  });
  return Object.fromEntries(
    Object.entries(own).map(([key, value]) => {
      if (isFew) return [key, Number.POSITIVE_INFINITY];
      const center = parts.reduce((sum, logs) => sum + logs[key]!, 0) / groups;
      const squares = parts.reduce((sum, logs) => sum + square(logs[key]! - center), 0);
      const spread = Math.sqrt((squares * (groups - 1)) / groups);
      const share = (value * n + 1) / (n + 2);
      const least = /accuracy/i.test(key) ? Math.sqrt((share * (1 - share)) / n) : 0;
      return [key, Math.max(spread, least) * (1 + 0.84 / (n - 1))];
    }),
  );
}

const rowsAt = (t: Tensor, rows: readonly number[]): Tensor => gather(t, fromData(Int32Array.from(rows)));

/** Answers to samples that are made of training targets, as outputs of a model. */
class Answers {
  /** Whether targets say what outputs should be. */
  readonly isKnown: boolean;
  private readonly areClasses: boolean;
  private readonly y: Tensor;
  private readonly like: Tensor;
  private readonly outputs: Outputs;

  constructor(y: Tensor, like: Tensor, outputs: Outputs) {
    this.areClasses =
      y.dtype === 'int32' && outputs.coding === 'classes' && y.size < (like.size / like.shape[0]!) * y.shape[0]!;
    this.isKnown = this.areClasses ? like.rank === 2 : sameShape(y.shape.slice(1), like.shape.slice(1));
    this.y = y;
    this.like = like;
    this.outputs = outputs;
  }

  /** For each sample the mean of the targets at these rows. */
  means(samples: readonly (readonly number[])[]): Tensor {
    const { y, like } = this;
    const width = like.size / like.shape[0]!;
    const known = new Map<readonly number[], Float64Array>(); // one list may serve all samples
    const values = samples.flatMap((rows) => {
      const sums = known.get(rows) ?? new Float64Array(width);
      if (!known.has(rows))
        for (const row of rows)
          if (this.areClasses) sums[y.data[row]!]! += 1 / rows.length;
          else for (let j = 0; j < width; j++) sums[j]! += y.data[row * width + j]! / rows.length;
      known.set(rows, sums);
      return [...sums].map((value) => this.said(value));
    });
    return fromData(like.dtype === 'float64' ? Float64Array.from(values) : Float32Array.from(values), [
      samples.length,
      ...like.shape.slice(1),
    ]);
  }

  /** A mean of targets in the scale of the outputs. */
  private said(value: number): number {
    const { scale, coding } = this.outputs;
    if (scale === 'margins') return Math.sign(value);
    if (scale !== 'logits') return value;
    const p = Math.min(1 - 1e-7, Math.max(1e-7, value));
    const isRow = coding === 'classes' && this.like.shape.at(-1)! > 1;
    return log64(isRow ? p : p / (1 - p));
  }
}

/** Of large sets so many samples are enough, and fewer of long ones. */
const MOST_NEIGHBOURS = 1000;
const MOST_PRODUCTS = 2e8;

/** The 10 nearest training samples of held-out ones by features that are standardised, for some of both if there are many. */
function neighbours(train: Lists, held: Lists): { readonly nearest: number[][]; readonly held: Lists } {
  const x = train.xs[0]!.data;
  const z = held.xs[0]!.data;
  const width = x.length / train.n;
  const most = Math.min(MOST_NEIGHBOURS, Math.ceil(Math.sqrt(MOST_PRODUCTS / Math.max(1, width))));
  const some = (n: number): number[] =>
    Array.from({ length: Math.min(n, most) }, (_, i) => Math.floor((i * n) / Math.min(n, most)));
  const rows = some(train.n);
  const asked = some(held.n);
  const weights = Float64Array.from({ length: width }, (_, j) => {
    const column = rows.map((row) => x[row * width + j]!);
    const center = column.reduce((sum, v) => sum + v, 0) / column.length;
    const variance = column.reduce((sum, v) => sum + square(v - center), 0) / column.length;
    return variance > 0 ? 1 / variance : 0;
  });
  const nearest = asked.map((at) => {
    const distances = rows.map((row) => {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += weights[j]! * square(x[row * width + j]! - z[at * width + j]!);
      return [sum, row] as const;
    });
    distances.sort(([a], [b]) => a - b);
    return distances.slice(0, 10).map(([, row]) => row);
  });
  return { nearest, held: { xs: [], ys: held.ys.map((y) => rowsAt(y, asked)), n: asked.length } };
}
