import { sum } from '../autograd/reductions.ts';
import { grad } from '../autograd/tape.ts';
import { StateError, ValueError } from '../base/errors.ts';
import { checkNone, checkOptions, didYouMean } from '../base/options.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf, hasKernel } from '../graph/facts.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { step } from '../memory/arena.ts';
import { run } from '../nn/forward.ts';
import { type Callback, Model } from '../nn/model.ts';
import type { Logs } from '../nn/objective.ts';
import type { SampleLists } from '../nn/samples.ts';
import { zeros } from '../tensor/create.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import { fromData } from '../tensor/tensor.ts';
import { checkKeyed, copied, type Kernel, weightsIn } from './masks.ts';
import { activationsOf, checkPair, gradientSizes, gradientsOf } from './observe.ts';

/** Of each kernel, by key, a number for each weight: the least goes first. NaN counts as the largest. */
export type WeightScores = ReadonlyMap<string, ArrayLike<number>>;

/**
 * How weights are ranked; the least go first:
 *
 * - `magnitude`: |w| (Han et al. 2015).
 * - `random`: by chance, as the seed says; the baseline to beat.
 * - `taylor`: |g·w|, what the loss changes by at first order if w becomes 0 (Molchanov et al. 2019); g is the gradient of the
 *   compiled loss, with dropout off. Summed over batches of 16 samples in their order: in a trained network the gradients of
 *   all samples cancel.
 * - `snip`: the same of a model that no step has trained yet, g being that of all samples together, as a share of the sum over
 *   all weights (Lee et al. 2019).
 * - `wanda`: |w|·‖x‖₂, x being all numbers that w multiplies when the samples pass (Sun et al. 2023, who rank with scope
 *   `unit`). Of a network too, whose y is not looked at.
 * - `movement`: Σ w·Δw over training steps, large for weights that move away from 0 (Sanh et al. 2020); a schedule gathers
 *   it, and `MovementScores` for `prune`. Unlike there, a weight that was pruned does not move and does not come back.
 * - scores of one's own: a Map with a number for each weight of each kernel, by key.
 */
export type WeightCriterion = CriterionName | 'movement' | WeightScores;

type CriterionName = 'magnitude' | 'random' | 'taylor' | 'snip' | 'wanda';

export interface ScoreOptions {
  /** Default `magnitude`. */
  readonly criterion?: WeightCriterion;
  /** [x, y] as `measure` takes them, which `taylor`, `snip` and `wanda` look at. */
  readonly samples?: SampleLists;
  /** Of `random`. Default the model's; 0 for a network. */
  readonly seed?: number;
}

interface Asked {
  readonly op: string;
  readonly subject: Model | Graph<Stored>;
  readonly kernels: readonly Kernel[];
  /** There where the criterion looks at samples. */
  readonly samples: SampleLists;
  readonly seed: number;
}

interface Criterion {
  readonly hasSamples?: true;
  /** Of each kernel a number for each weight. */
  readonly scores: (asked: Asked) => Map<string, Float64Array>;
}

function eachOf(
  kernels: readonly Kernel[],
  score: (kernel: Kernel) => (w: number, i: number) => number,
): Map<string, Float64Array> {
  return new Map(
    kernels.map((kernel) => {
      const of = score(kernel);
      const { values } = kernel; // read behind what the criterion computes, which may move it
      const scores = new Float64Array(values.length);
      for (let i = 0; i < scores.length; i++) scores[i] = of(values[i]!, i);
      return [kernel.key, scores];
    }),
  );
}

const CRITERIA: { readonly [name in CriterionName]: Criterion } = {
  magnitude: { scores: ({ kernels }) => eachOf(kernels, () => Math.abs) },
  random: {
    scores: ({ kernels, seed }) =>
      eachOf(kernels, ({ key, values }) => {
        const { data } = new Random(seed, `${key}/pruning`).uniform([values.length]);
        return (_, i) => data[i]!;
      }),
  },
  taylor: { hasSamples: true, scores: (asked) => sensitivities(asked, gradientSizes) },
  snip: {
    hasSamples: true,
    scores: (asked) => {
      const { op, subject } = asked;
      if (subject instanceof Model && subject.steps > 0)
        throw new StateError(
          op,
          `snip ranks weights before training, and ${subject.steps} steps have trained these: taylor is for them`,
        );
      const scores = sensitivities(asked, gradientsOf);
      let total = 0;
      for (const own of scores.values()) for (const score of own) total += score;
      return new Map([...scores].map(([key, own]) => [key, total === 0 ? own : own.map((score) => score / total)]));
    },
  },
  wanda: {
    hasSamples: true,
    scores: (asked) => {
      const squares = squaresRead(asked);
      return eachOf(
        asked.kernels,
        ({ key }) =>
          (w, i) =>
            Math.abs(w) * Math.sqrt(squares.get(key)![i]!),
      );
    },
  },
};

/** |g·w|. */
function sensitivities(
  { op, subject, kernels, samples }: Asked,
  gradientsIn: typeof gradientsOf,
): Map<string, Float64Array> {
  if (!(subject instanceof Model))
    throw new StateError(
      op,
      'taylor and snip need the gradient of a loss, which a network does not have: give the model',
    );
  const gradients = gradientsIn(op, subject, samples);
  return eachOf(
    kernels,
    ({ key }) =>
      (w, i) =>
        Math.abs(w * gradients.get(key)![i]!),
  );
}

/** Of each weight the sum of the squares of all numbers that it multiplies when the samples pass, by key. */
function squaresRead({ op, subject, kernels, samples }: Asked): Map<string, Float64Array> {
  const { nodes } = subject instanceof Model ? subject.graph : subject;
  const multiplying = nodes.filter((node) => {
    if (factsOf(node).weights !== null) return hasKernel(node);
    if (!Object.values(node.weights).some((key) => kernels.some((kernel) => kernel.key === key))) return false;
    const problem = `${node.name} is code of one's own: what its weights multiply is not known`;
    throw new StateError(op, `${problem}. Rank them by another criterion than wanda`);
  });
  const read = new Set(multiplying.map(({ inputs }) => inputs[0]!));
  const sums = new Map<string, { readonly shape: readonly number[]; readonly squares: Float64Array }>();
  activationsOf(op, subject, samples[0], (name, { data, shape }) => {
    if (!read.has(name)) return;
    const size = data.length / shape[0]!;
    const { squares } = sums.get(name) ?? { squares: new Float64Array(size) };
    data.forEach((x: number, i: number) => {
      squares[i % size]! += x * x;
    });
    sums.set(name, { shape: shape.slice(1), squares });
  });
  const totals = new Map(kernels.map(({ key, values }) => [key, new Float64Array(values.length)]));
  for (const node of multiplying) {
    const key = node.weights.kernel!;
    const { shape } = kernels.find((kernel) => kernel.key === key)!;
    const { squares, shape: sample } = sums.get(node.inputs[0]!)!;
    const total = totals.get(key)!;
    readBy(node, squares, sample, shape).forEach((own, i) => {
      total[i]! += own;
    });
  }
  return totals;
}

/**
 * Of each weight of a kernel the sum of those numbers of a sample that it multiplies: the gradient of the sum of all results
 * with respect to it, in any product.
 */
function readBy(node: Node, numbers: Float64Array, sample: readonly number[], shape: readonly number[]): Float64Array {
  const x = fromData(numbers, [1, ...sample]);
  return step(() => {
    const kernel = zeros(shape, 'float64');
    // The kernel counts what it reads here, and rounds nothing
    const own = { ...node, attrs: { ...node.attrs, kernelBits: undefined } } as Node;
    const stage = { node: own, weights: { kernel }, random: null, layer: null };
    const results = () => sum(run([x], stage, { training: false, step: 0, penalties: [] }, true));
    return (grad(results, [kernel])[0]!.data as Float64Array).slice();
  });
}

/** What is wrong with options that name a criterion, apart from the model. */
export function checkCriterion(op: string, { criterion = 'magnitude', samples, seed = 0 }: ScoreOptions): void {
  checkSeed(op, seed);
  if (typeof criterion === 'object' && criterion !== null) {
    if (criterion instanceof Map) return;
    const remedy = (criterion as unknown) instanceof MovementScores ? 'Give its scores' : undefined;
    throw new ValueError(op, 'criterion', 'a name, or a Map of scores by key', criterion, remedy);
  }
  if (criterion === 'movement') return;
  const names = Object.keys(CRITERIA);
  if (!names.includes(criterion)) {
    const remedy = didYouMean(criterion, [...names, 'movement']);
    throw new ValueError(
      op,
      'criterion',
      `one of ${names.join(', ')}, movement, or a Map of scores`,
      criterion,
      remedy,
    );
  }
  if (CRITERIA[criterion].hasSamples === true) checkPair(op, samples);
}

/** The scores of kernels of a model or a network, whose options were checked. */
export function scoresOf(
  op: string,
  subject: Model | Graph<Stored>,
  kernels: readonly Kernel[],
  { criterion = 'magnitude', samples, seed }: ScoreOptions,
): Map<string, Float64Array> {
  if (criterion === 'movement') {
    const remedy = 'Give new MovementScores() to the callbacks of fit, and its scores as criterion';
    throw new StateError(op, `movement is seen in training alone. ${remedy}`);
  }
  if (typeof criterion === 'string') {
    const own = seed ?? (subject instanceof Model ? subject.seed : 0);
    return CRITERIA[criterion].scores({ op, subject, kernels, samples: samples!, seed: own });
  }
  checkKeyed(op, 'scores', criterion, kernels, (score) => typeof score === 'number');
  const missing = kernels.find(({ key }) => !criterion.has(key));
  if (missing !== undefined) throw new ValueError(op, 'scores', `there for ${missing.key} too`, [...criterion.keys()]);
  return eachOf(
    kernels,
    ({ key }) =>
      (_, i) =>
        criterion.get(key)![i]!,
  );
}

/**
 * The scores that `prune` ranks by: of each kernel, by key, a number for each weight, in the order of the weight. Throws
 * StateError where a criterion needs a compiled model, and ValueError where it needs samples and there are none.
 *
 * @example
 * const scores = weightScores(model, { criterion: 'wanda', samples: [x, y] });
 * scores.get('dense/kernel')?.length; // 128
 * const pruned = prune(model, { sparsity: 0.5, criterion: scores }); // or with changed ones
 */
export function weightScores(subject: Model | Graph<Stored>, options: ScoreOptions = {}): Map<string, Float64Array> {
  checkOptions('weightScores', options, 'criterion samples seed');
  checkCriterion('weightScores', options);
  const kernels = subject instanceof Model ? weightsIn(subject) : copied('weightScores', subject)[0];
  return scoresOf('weightScores', subject, kernels, options);
}

/**
 * Gathers in a `fit` how far each weight moves away from 0, Σ w·Δw over its steps, w being the weight before a step: the
 * criterion `movement`. Each fit begins anew.
 *
 * @example
 * const movement = new MovementScores();
 * model.fit(x, y, { epochs: 1, callbacks: [movement] });
 * const pruned = prune(model, { sparsity: 0.5, criterion: movement.scores }); // what moved towards 0 goes
 * isPruned(pruned); // true
 */
export class MovementScores implements Callback {
  private readonly sums = new Map<string, Float64Array>();
  private readonly before = new Map<string, Float64Array>();

  constructor(...none: readonly never[]) {
    checkNone('MovementScores', none);
  }

  /** By key of each kernel, as of now: later steps leave what this gave. Throws StateError before the first step. */
  get scores(): WeightScores {
    if (this.sums.size > 0) return new Map([...this.sums].map(([key, sums]) => [key, sums.slice()]));
    throw new StateError('MovementScores', 'no step was seen yet: give it to the callbacks of fit');
  }

  onTrainBegin(): void {
    this.sums.clear();
  }

  onBatchBegin(_batch: number, model: Model): void {
    for (const { key, values } of weightsIn(model)) {
      const before = this.before.get(key);
      if (before?.length === values.length) before.set(values as ArrayLike<number>);
      else this.before.set(key, Float64Array.from(values as ArrayLike<number>));
    }
  }

  onBatchEnd(_batch: number, _logs: Logs, model: Model): void {
    for (const { key, values } of weightsIn(model)) {
      const sums = this.sums.get(key) ?? new Float64Array(values.length);
      const before = this.before.get(key)!;
      for (let i = 0; i < sums.length; i++) sums[i]! += before[i]! * (values[i]! - before[i]!);
      this.sums.set(key, sums);
    }
  }
}
