import { mul } from '../autograd/arithmetic.ts';
import { gather } from '../autograd/movement.ts';
import { checkRange, ValueError } from '../base/errors.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { type Loss, type LossChoice, lossOf } from './losses.ts';
import type { Metric, MetricState } from './metric.ts';
import { type MetricChoice, metricOf } from './metrics.ts';
import type { Outputs } from './outputs.ts';

/** Figures of an epoch or batch: `loss`, `accuracy`, `val_loss`, ... */
export type Logs = Readonly<Record<string, number>>;

export interface ObjectiveOptions {
  /** For a model with several outputs: one for all of them, or a list with one for each. */
  readonly loss: LossChoice | readonly LossChoice[];
  /** What the losses of the outputs count in their sum. Default 1 each. */
  readonly lossWeights?: readonly number[];
  /** For a model with several outputs: those of each of them, or a list with a list for each. */
  readonly metrics?: readonly MetricChoice[] | readonly (readonly MetricChoice[])[];
}

/** What an output of a model is trained for, and judged by. */
export interface Objective {
  readonly loss: Loss;
  readonly weight: number;
  readonly metrics: readonly Metric[];
}

/** What the names of an output's figures begin with. */
const prefixOf = (names: readonly string[], output: number): string => (names.length === 1 ? '' : `${names[output]}_`);

const REMEDY = 'Leave it out, or give a metric of your own another name';

/** One objective for each output. Throws ValueError for lists of other lengths, and for an output whose figures had no name. */
export function objectivesOf(
  { loss, lossWeights, metrics = [] }: ObjectiveOptions,
  names: readonly string[],
): Objective[] {
  const outputs = names.length;
  const each = <T>(name: string, list: readonly T[]): readonly T[] => {
    if (Array.isArray(list) && list.length === outputs) return list;
    const wanted = name === 'lossWeights' ? '' : 'one for all or ';
    throw new ValueError('compile', name, `${wanted}a list of ${outputs}, one for each output`, list);
  };
  const hidden = outputs === 1 ? undefined : names.find((name) => /^val(_|$)/.test(name));
  if (hidden !== undefined)
    throw new ValueError(
      'compile',
      'the name of an output',
      'another than val or val_...: held-out figures are called so',
      hidden,
    );
  const losses: readonly LossChoice[] = isList(loss) ? each('loss', loss) : Array(outputs).fill(loss);
  const weights = lossWeights === undefined ? null : each('lossWeights', lossWeights);
  const hasLists = Array.isArray(metrics) && metrics.some(Array.isArray);
  if (!Array.isArray(metrics) || (hasLists && !metrics.every(Array.isArray)))
    throw new ValueError('compile', 'metrics', 'a list of metrics, or of lists of them', metrics);
  const own: readonly (readonly MetricChoice[])[] = areLists(metrics)
    ? each('metrics', metrics)
    : Array(outputs).fill(metrics);
  const taken = new Set(['__proto__', 'learning_rate']); // the first is the one field that no object takes as its own
  const take = (figure: string): unknown => taken.add(figure).add(`val_${figure}`);
  for (const figure of ['loss', ...names.map((_, i) => `${prefixOf(names, i)}loss`)]) take(figure);
  return losses.map((choice, i) => {
    const weight = weights?.[i] ?? 1;
    checkRange('compile', `lossWeights[${i}]`, weight, 'at least 0');
    const judges = own[i]!.map((each) => metricOf(each));
    for (const { name } of judges) {
      const figure = prefixOf(names, i) + name;
      if (taken.has(figure))
        throw new ValueError('compile', 'metrics', 'of names that no other figure has', figure, REMEDY);
      take(figure);
    }
    return { loss: lossOf(choice), weight, metrics: judges };
  });
}

/** What `compile` is told to get these objectives. */
export const choicesOf = (objectives: readonly Objective[]): Required<ObjectiveOptions> => ({
  loss: objectives.map(({ loss }) => loss),
  lossWeights: objectives.map(({ weight }) => weight),
  metrics: objectives.map(({ metrics }) => metrics),
});

const isList = <T>(choice: T | readonly T[]): choice is readonly T[] => Array.isArray(choice);

const areLists = (
  metrics: readonly MetricChoice[] | readonly (readonly MetricChoice[])[],
): metrics is readonly (readonly MetricChoice[])[] => metrics.length > 0 && metrics.every(Array.isArray);

/** The loss of an output as it counts in the sum. */
export const weighted = (loss: Tensor, { weight }: Objective): Tensor => (weight === 1 ? loss : mul(loss, weight));

/** What a step leaves. */
export interface Outcome {
  /** What was trained on, a scalar. */
  readonly loss: Tensor;
  /** The losses of several outputs, scalars; empty for one output. */
  readonly losses: readonly Tensor[];
  /** The outputs, if they are wanted. */
  readonly predictions: readonly Tensor[] | null;
}

/** Numbers of the samples that have a weight. */
function presentRows({ data }: Tensor): Tensor {
  return fromData(Int32Array.from([...data.keys()].filter((i) => data[i] !== 0)));
}

/**
 * The figures of an epoch: of one output `loss` and its metrics, as Keras names them; of several `loss`, their sum, and
 * `<output>_loss` and `<output>_<metric>` for each.
 */
export class Figures {
  private readonly metrics: { readonly name: string; readonly output: number; readonly state: MetricState }[] = [];
  private readonly losses: { readonly name: string; sum: number }[] = [];
  private total = 0;
  private seen = 0;

  /** `outputs` says how each output is meant; asked only if there are metrics. */
  constructor(objectives: readonly Objective[], outputNames: readonly string[], outputs: (output: number) => Outputs) {
    for (let output = 0; output < objectives.length; output++) {
      const prefix = prefixOf(outputNames, output);
      for (const metric of objectives[output]!.metrics)
        this.metrics.push({ name: `${prefix}${metric.name}`, output, state: metric.create(outputs(output)) });
      if (objectives.length > 1) this.losses.push({ name: `${prefix}loss`, sum: 0 });
    }
  }

  /** Whether the outputs have to be looked at. */
  get needPredictions(): boolean {
    return this.metrics.length > 0;
  }

  /** Takes in what a step left, except its loss. Metrics do not see samples of weight 0. */
  observe(targets: readonly Tensor[], { losses, predictions }: Outcome, weights: Tensor | null = null): void {
    const n = targets[0]!.shape[0]!;
    this.losses.forEach((loss, i) => {
      loss.sum += n * losses[i]!.item();
    });
    if (predictions === null) return;
    const rows = weights?.data.includes(0) === true ? presentRows(weights) : null;
    if (rows?.size === 0) return;
    const seen = (t: Tensor): Tensor => (rows === null ? t : gather(t, rows));
    for (const { output, state } of this.metrics) state.update(seen(targets[output]!), seen(predictions[output]!));
  }

  /** Takes in the loss of a batch. */
  add(loss: number, samples: number): void {
    this.total += samples * loss;
    this.seen += samples;
  }

  /** Batches that were taken in hold so many samples. */
  get samples(): number {
    return this.seen;
  }

  get logs(): Logs {
    const logs: Record<string, number> = { loss: this.total / this.seen };
    for (const { name, sum } of this.losses) logs[name] = sum / this.seen;
    for (const { name, state } of this.metrics) logs[name] = state.result();
    return logs;
  }
}
