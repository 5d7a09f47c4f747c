import { add, mul } from '../autograd/arithmetic.ts';
import { slice } from '../autograd/movement.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkCount, checkFlag, ShapeError, StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf } from '../base/shape.ts';
import { valuesOf } from '../graph/check.ts';
import { step } from '../memory/arena.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { activate } from './activations.ts';
import { checkSeen } from './codes.ts';
import { checkHead, outputsOf } from './heads.ts';
import { LayerGraph } from './layer-graph.ts';
import { type Loss, present, reduceLoss } from './losses.ts';
import type { Metric } from './metric.ts';
import {
  Figures,
  type Logs,
  type Objective,
  type ObjectiveOptions,
  type Outcome,
  objectivesOf,
  weighted,
} from './objective.ts';
import { type Optimizer, type OptimizerName, optimizerOf } from './optimizers.ts';
import type { Outputs } from './outputs.ts';
import { penalty } from './regularizers.ts';
import {
  batchesOf,
  checkEntries,
  checkSamples,
  type Data,
  type Lists,
  oneOrAll,
  type Tensors,
  tensorsOf,
} from './samples.ts';
import { targetsFor } from './targets.ts';

export interface CompileOptions extends ObjectiveOptions {
  /** Default `rmsprop`, as Keras's. */
  readonly optimizer?: OptimizerName | Optimizer;
  /** Record training steps and repeat them, with the same result to the bit. Default true. */
  readonly replay?: boolean;
}

export interface EvaluateOptions {
  /**
   * Samples that are computed at once. Default 32 to 1,024, a power of two: more for more samples, while no value of the network
   * has more than 2²⁰ numbers for a batch. Decides speed and memory; `evaluate` may differ in the last bits of a mean.
   */
  readonly batchSize?: number;
}

/** Samples that are computed at once at least, and at most: more than these are hardly faster. */
const FEW = 32;
const MANY = 1024;
/** Numbers that a value has for a batch: 4 MB of float32 stay in the last cache, and memory does not grow with images. */
const AT_ONCE = 2 ** 20;

interface Compiled {
  readonly optimizer: Optimizer;
  readonly objectives: readonly Objective[];
  readonly replay: boolean;
}

/** Layers with what they are trained for: losses, metrics, and how good the outputs are. */
export class CompiledGraph extends LayerGraph {
  private compiled: Compiled | null = null;
  private headsAreChecked = false;
  private readonly meaning = (output: number): Outputs => outputsOf(this, output);

  compile(options: CompileOptions): void {
    checkOptions('compile', options, 'optimizer replay loss lossWeights metrics');
    const { optimizer = 'rmsprop', replay = true } = options;
    checkFlag('compile', 'replay', replay);
    const objectives = objectivesOf(options, this.outputNames);
    this.compiled = { optimizer: optimizerOf(optimizer), objectives, replay };
    this.headsAreChecked = false;
  }

  get isCompiled(): boolean {
    return this.compiled !== null;
  }

  protected ready(op: string): Compiled {
    if (this.compiled === null)
      throw new StateError(op, 'the model is not compiled: call compile({ optimizer, loss }) first');
    return this.compiled;
  }

  get optimizer(): Optimizer {
    return this.ready('optimizer').optimizer;
  }

  /** What each output is trained for and judged by. */
  get objectives(): readonly Objective[] {
    return this.ready('objectives').objectives;
  }

  /** Those of the first output, or the only one. */
  get loss(): Loss {
    return this.ready('loss').objectives[0]!.loss;
  }

  get metrics(): readonly Metric[] {
    return this.ready('metrics').objectives[0]!.metrics;
  }

  /** Whether `compile` allowed steps to be recorded and repeated. */
  get replay(): boolean {
    return this.ready('replay').replay;
  }

  /** How many of n samples are computed at once where nobody says it. */
  private batchFor(n: number): number {
    let size = FEW;
    if (n <= FEW) return size; // most calls
    const largest = Math.max(...Array.from(valuesOf(this.graph).values(), ({ shape }) => elementsOf(shape)));
    while (size < n && size < MANY && 2 * size * largest <= AT_ONCE) size *= 2;
    return size;
  }

  /** Mean loss (with penalties) and metrics over the samples. */
  evaluate(x: Data, y: Data, options: EvaluateOptions = {}): Logs {
    checkOptions('evaluate', options, 'batchSize', 'Write { batchSize: $ }');
    this.ready('evaluate');
    const samples = checkSamples('evaluate', this, x, y);
    if (options.batchSize !== undefined) checkCount('evaluate', 'batchSize', options.batchSize);
    const prepared = this.prepare('evaluate', samples);
    checkSeen('evaluate', this.graph);
    return this.figuresOf(prepared, options.batchSize ?? this.batchFor(samples.n));
  }

  /** Mean loss and metrics over samples, which were checked. */
  protected figuresOf(samples: Lists, batchSize: number): Logs {
    const run = this.figuresIn(samples, batchSize);
    for (;;) {
      const { done, value } = run.next();
      if (done === true) return value;
    }
  }

  /** `figuresOf` that can pause after each batch. */
  protected *figuresIn({ xs, ys, n }: Lists, batchSize: number): Generator<void, Logs, void> {
    const figures = this.newFigures();
    for (const [start, count] of batchesOf(n, batchSize)) {
      const part = (t: Tensor): Tensor => slice(t, [[start, start + count]]);
      const loss = step(() =>
        noGrad(() => {
          const targets = ys.map(part);
          const outcome = this.lossOn(xs.map(part), targets, null, false, figures.needPredictions);
          figures.observe(targets, outcome);
          return outcome.loss.item();
        }),
      );
      figures.add(loss, count);
      yield;
    }
    return figures.logs;
  }

  /**
   * Outputs for x [samples, ...], with dropout off. The result does not depend on `batchSize`, unless a layer drops here too:
   * its mask is of a batch. `Y` is Tensor[] for a model with several outputs.
   */
  predict<Y extends Tensors = Tensor>(x: Data, options: EvaluateOptions = {}): Y {
    checkOptions('predict', options, 'batchSize', 'Write { batchSize: $ }');
    if (options.batchSize !== undefined) checkCount('predict', 'batchSize', options.batchSize);
    const shapes = this.isBuilt ? this.inputShapes : [];
    const xs = tensorsOf('predict', 'x', x, this.inputCount, { dtypes: this.inputDtypes, shapes });
    const [n, ...others] = xs.map(({ shape }) => shape[0]);
    if (n === undefined) throw new ShapeError('predict', [xs[0]!.shape], 'needs a batch axis');
    const other = others.findIndex((count) => count !== n) + 1;
    if (other > 0)
      throw new ShapeError('predict', [xs[0]!.shape, xs[other]!.shape], 'inputs must have the same number of samples');
    this.buildFor('predict', xs);
    checkEntries('predict', 'x', xs, this.graph);
    checkSeen('predict', this.graph);
    const ys = this.outputShapes.map((shape) => empty([n, ...shape], this.dtype));
    for (const [start, count] of batchesOf(n, options.batchSize ?? this.batchFor(n))) {
      step(() => {
        const outputs = noGrad(() => this.outputsOf(xs.map((t) => slice(t, [[start, start + count]]))));
        ys.forEach(({ storage, size }, i) => {
          storage.array.set(outputs[i]!.data, (start * size) / n);
        });
      });
    }
    return oneOrAll(ys);
  }

  /**
   * Samples whose targets are as their losses take them. Builds the model for them if it is not built. Throws where they do
   * not fit, with the place in what was given.
   */
  prepare(op: string, samples: Lists, name = 'y', weights: Tensor | null = null): Lists {
    const { objectives } = this.ready(op);
    const { xs, ys, n } = samples;
    this.buildFor(op, xs);
    checkEntries(op, name.replace(/^y/, 'x'), xs, this.graph, weights);
    const { outputShapes, dtype } = this;
    if (ys.length === 1) {
      const only = targetsFor(op, name, ys[0]!, objectives[0]!.loss, outputShapes[0]!, dtype, weights);
      return only === ys[0] ? samples : { xs, ys: [only], n }; // every step asks
    }
    const targets = ys.map((y, i) =>
      targetsFor(op, `${name}[${i}]`, y, objectives[i]!.loss, outputShapes[i]!, dtype, weights),
    );
    return { xs, ys: targets, n };
  }

  /** Throws ValueError for an output that cannot learn what its loss asks for. Builds the model for samples if it is not built. */
  checkHeads(op: string, xs: readonly Tensor[]): void {
    if (this.headsAreChecked) return; // every step asks
    this.buildFor(op, xs);
    this.objectives.forEach(({ loss }, i) => {
      checkHead(op, this, i, loss);
    });
    this.headsAreChecked = true;
  }

  protected newFigures(): Figures {
    return new Figures(this.objectives, this.outputNames, this.meaning);
  }

  /** The loss without penalties on one batch that was prepared, with dropout off: what the weights do to the answers. */
  lossAt(xs: readonly Tensor[], targets: readonly Tensor[]): Tensor {
    return this.lossOn(xs, targets, null, false, false, false).loss;
  }

  /** The loss with penalties on one batch, and the outputs if wanted. Works on logits where a loss can. */
  protected lossOn(
    xs: readonly Tensor[],
    targets: readonly Tensor[],
    weights: Tensor | null,
    training: boolean,
    wantsPredictions: boolean,
    isPenalized = true,
  ): Outcome {
    const { objectives } = this.ready('fit');
    const activations = objectives.map((_, i) => this.outputActivation(training, i));
    const logits = objectives.map(
      ({ loss }, i) => loss.callLogits !== undefined && loss.activation === activations[i]!.name,
    );
    const penalties: Tensor[] = [];
    const outputs = this.outputsOf(xs, { training, penalties, logits });
    const losses = objectives.map(({ loss }, i) => {
      const call = logits[i] ? loss.callLogits! : loss.call;
      return reduceLoss(call(present(targets[i]!, weights), present(outputs[i]!, weights)), weights);
    });
    // An output of weight 0 has no part: its loss may be NaN.
    const counted = losses.flatMap((loss, i) => (objectives[i]!.weight === 0 ? [] : [weighted(loss, objectives[i]!)]));
    let total = (counted.length === 0 ? losses.map((loss) => mul(loss, 0)) : counted).reduce((sum, loss) =>
      add(sum, loss),
    );
    for (const { value, regularizer } of isPenalized ? this.weights : []) {
      if (regularizer !== null) total = add(total, penalty(value, regularizer));
    }
    for (const extra of isPenalized ? penalties : []) total = add(total, extra);
    const own = losses.length === 1 ? [] : losses;
    if (!wantsPredictions) return { loss: total, losses: own, predictions: null };
    const predictions = noGrad(() => outputs.map((y, i) => (logits[i] ? activate(activations[i]!, y) : y)));
    return { loss: total, losses: own, predictions };
  }
}
