import { gatherRows } from '../../kernels/gpu/elementwise.ts';
import { dropout } from '../autograd/products.ts';
import { noGrad } from '../autograd/tape.ts';
import { type Abort, abortOf, breather } from '../base/breather.ts';
import { checkCount, LimitError, StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Shape } from '../base/shape.ts';
import type { NodeOf } from '../graph/graph.ts';
import { checkModel } from '../nn/check-model.ts';
import type { Layer } from '../nn/layers.ts';
import { withLeft } from '../nn/left.ts';
import type { History, Model } from '../nn/model.ts';
import type { Logs } from '../nn/objective.ts';
import type { Optimizer } from '../nn/optimizer.ts';
import { allOf, batchesOf, checkSamples, HELD, holdOut, presentOf, type SampleOptions } from '../nn/samples.ts';
import { ones } from '../tensor/create.ts';
import { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { EXACT_INTEGERS, type GpuBackend } from './backend.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { type FlatSamples, Plan } from './plan.ts';
import { Report } from './report.ts';
import type { Pass, PassInTraining } from './run.ts';
import { Scope, within } from './scope.ts';
import { backendOf } from './shared.ts';
import { backward, checkOneEach, forward } from './stages.ts';
import { DeviceWeight } from './weights.ts';

const OP = 'gpuTrain';

export interface GpuTrainOptions extends Pick<SampleOptions, 'validationSplit' | 'validationData'> {
  /** Default 32. */
  readonly batchSize?: number;
  /** Number of the epoch to end before: as many passes over the data as this, unless `initialEpoch` is given. Default 1. */
  readonly epochs?: number;
  /** Epoch to begin with, when resuming. Default 0. */
  readonly initialEpoch?: number;
  /** New order each epoch, the same as `fit` draws. Default true. */
  readonly shuffle?: boolean;
  /** Called after each epoch and awaited; training ends if it gives false. The model is written at the end alone. */
  readonly onEpochEnd?: (epoch: number, logs: Logs) => unknown;
  readonly signal?: Abort;
  /** Default `sharedGpu()`. */
  readonly gpu?: GpuBackend;
}

export interface GpuHistory extends History {
  /** What the driver calls the device that trained. */
  readonly device: string;
  /** Readbacks while training: one an epoch. Those of the final weights come after. */
  readonly readbacks: number;
}

/** Optimizers whose state lies on a device. */
const lent = new WeakSet<Optimizer>();

const TRAIN_OPTIONS = 'batchSize epochs initialEpoch shuffle validationSplit validationData onEpochEnd signal gpu';

/**
 * `fit` on a device, for compiled models of one input, of any shape, and one flat output, of the layers that `gpuPredict` takes:
 * the same batches, the same dropout, the same arithmetic up to rounding. Data, weights and activations stay on the device; it
 * is read once an epoch for the figures of the history, and at the end for the weights, the running statistics and the
 * optimizer's state.
 *
 * Activations linear, relu, relu6, leakyRelu, sigmoid, tanh, gelu, softmax; losses mse and the crossentropies, binary after
 * sigmoid, categorical after softmax, or fromLogits; SGD, Adam and AdamW; L1 and L2; pruning masks; the metric accuracy.
 * Anything else throws StateError before anything is computed. Samples are copied before the first await. If training fails,
 * weights and optimizer are as they were before; what else writes weights meanwhile is overwritten at the end.
 *
 * @example
 * const { history, readbacks } = await gpuTrain(model, x, tensor(y), { epochs: 2 });
 * [history.loss?.length, readbacks]; // [ 2, 2 ]
 */
export async function gpuTrain(model: Model, x: Tensor, y: Tensor, options: GpuTrainOptions = {}): Promise<GpuHistory> {
  checkOptions(OP, options, TRAIN_OPTIONS);
  checkModel(OP, 'the model', model);
  const { batchSize = 32, epochs = 1, initialEpoch = 0 } = options;
  checkCount(OP, 'batchSize', batchSize);
  checkCount(OP, 'epochs', epochs, 0);
  checkCount(OP, 'initialEpoch', initialEpoch, 0);
  checkOneEach(OP, model.inputCount, model.outputCount);
  const given = checkSamples(OP, model, x, y);
  const { n } = given;
  if (n > EXACT_INTEGERS) throw new LimitError(OP, 'the number of samples', n, EXACT_INTEGERS);
  const { optimizer } = model;
  model.build(given.xs[0]!.shape.slice(1));
  const plan = new Plan(OP, model);
  model.checkHeads(OP, given.xs);
  const [trained, validation] = holdOut(OP, model, given, options);
  const prepared = model.prepare(OP, given);
  const others = validation && model.prepare(OP, validation, HELD[1]);
  const samples = plan.flat(OP, prepared, trained);
  const held = others && plan.flat(OP, others, others.n);
  const letGo = model.hold(OP);
  if (lent.has(optimizer)) {
    letGo();
    throw new StateError(OP, 'the optimizer is in use by a training of another model');
  }
  lent.add(optimizer);
  const weights = model.weights.map(({ value }) => value);
  const before = { steps: model.steps, epochs: model.epochs, state: optimizer.state(weights) };
  let training: Training | null = null;
  try {
    training = new Training(await backendOf(OP, options.gpu), model, plan, batchSize);
    await training.sendModel();
    const history = await training.run(samples, held, options);
    if (others === null) return history;
    return withLeft(history, { model, train: presentOf({ ...prepared, n: trained }, null), held: others });
  } catch (error) {
    model.steps = before.steps;
    model.epochs = before.epochs;
    optimizer.restore(weights, before.state);
    throw error;
  } finally {
    training?.dispose();
    lent.delete(optimizer);
    letGo();
  }
}

interface Data {
  readonly x: DeviceTensor;
  readonly y: DeviceTensor;
  readonly count: number;
}

/** One training of a model: what it holds on the device. */
class Training {
  private readonly gpu: GpuBackend;
  private readonly model: Model;
  private readonly plan: Plan;
  private readonly batchSize: number;
  /** By key. */
  private readonly weights = new Map<string, DeviceWeight>();
  private readonly trained: ReadonlySet<string>;
  /** What is read back: what is trained, and the running statistics that were moved. */
  private readonly written: Set<string>;
  private readonly frozen: ReadonlySet<Layer>;
  private readonly dropouts = new Map<string, Random>();
  /** Samples. */
  private readonly scope = new Scope();
  private readonly report: Report;

  constructor(gpu: GpuBackend, model: Model, plan: Plan, batchSize: number) {
    this.gpu = gpu;
    this.model = model;
    this.plan = plan;
    this.batchSize = batchSize;
    this.trained = new Set(model.trainable.map(({ name }) => name));
    this.written = new Set(this.trained);
    this.frozen = model.frozen;
    this.report = new Report(gpu, plan.objective, this.weights);
  }

  /** Copies the model to the device. */
  async sendModel(): Promise<void> {
    const { model, gpu, plan } = this;
    for (const [key, weight] of model.graph.weights) {
      const slots = this.trained.has(key) ? plan.optimizer.storages([weight], [weight]) : [];
      this.weights.set(key, await DeviceWeight.send(gpu, weight, plan.rule, slots));
    }
  }

  private async sendSamples({ x, y, count }: FlatSamples): Promise<Data> {
    const { inputs, outputs } = this.plan;
    return {
      x: await this.scope.keep(this.gpu.send(x, [count, inputs])),
      y: await this.scope.keep(this.gpu.send(y, [count, outputs])),
      count,
    };
  }

  async run(samples: FlatSamples, validation: FlatSamples | null, options: GpuTrainOptions): Promise<GpuHistory> {
    const { epochs = 1, initialEpoch = 0, shuffle = true, onEpochEnd, signal } = options;
    const { gpu, model, plan } = this;
    const { count } = samples;
    const data = await this.sendSamples(samples);
    const held = validation === null ? null : await this.sendSamples(validation);
    const random = new Random(model.seed, 'shuffle');
    const before = Math.max(0, model.epochs - initialEpoch);
    const breathe = breather();
    const pause = async (): Promise<void> => {
      const aborted = abortOf(OP, signal);
      if (aborted !== null) throw aborted;
      await breathe();
    };
    const history: Record<string, number[]> = {};
    const run: number[] = [];
    for (let epoch = initialEpoch; epoch < epochs; epoch++) {
      random.step = before + epoch;
      const order = await gpu.send((shuffle ? random.permutation(count) : allOf(count)).data, [count]);
      try {
        await this.report.begin(Math.min(this.batchSize, Math.max(count, held?.count ?? 0)));
        for (const [start, size] of batchesOf(count, this.batchSize)) {
          await pause();
          await this.trainOn(data, order, start, size);
          model.epochs = before + epoch + 1;
        }
      } finally {
        order.dispose();
      }
      await this.report.addPenalties(0);
      if (held !== null) await this.validate(held, pause);
      const sums = await this.report.read();
      const logs: Record<string, number> = { loss: sums[0]! / count };
      if (plan.metric !== null) logs[plan.metric] = sums[1]! / count;
      if (held !== null) {
        logs.val_loss = sums[2]! / held.count;
        if (plan.metric !== null) logs[`val_${plan.metric}`] = sums[3]! / held.count;
      }
      logs.learning_rate = plan.optimizer.latestRate;
      if (!Number.isFinite(logs.loss) && (history.loss ?? []).every(Number.isFinite))
        console.warn(
          `${OP}: the loss is ${logs.loss} in epoch ${epoch + 1}. An onEpochEnd that gives false ends training`,
        );
      for (const [key, value] of Object.entries(logs)) history[key] = [...(history[key] ?? []), value];
      run.push(epoch);
      if ((await onEpochEnd?.(epoch, logs)) === false) break;
    }
    await this.writeBack();
    return { epochs: run, history, seed: model.seed, device: gpu.device, readbacks: this.report.readbacks };
  }

  /** One step on samples order[start ...]. */
  private async trainOn(data: Data, order: DeviceTensor, start: number, count: number): Promise<void> {
    const { plan, model } = this;
    const { objective } = plan;
    await within(async (scope) => {
      const [x, y] = await this.pick(data, order, start, count, scope);
      const pass = this.passOf(scope, true);
      const [output, done] = await forward(plan.stages, x, pass);
      const losses = await scope.keep(objective.losses(output, y));
      await this.report.addBatch(losses, output, y, 0);
      await this.report.sumPenalties(count);
      const last = await scope.keep(objective.gradient(output, y, losses));
      const gradients = await backward(done, plan.stages, last, scope, (key) => this.trained.has(key));
      const moved = [...gradients].map(([key, gradient]) => ({ weight: this.weights.get(key)!, gradient }));
      const scalars = plan.optimizer.advance(moved.map(({ weight }) => weight.parameter));
      for (const [i, { weight, gradient }] of moved.entries())
        await weight.step(gradient, scalars[i]!.array as Float32Array);
      model.steps++;
    });
  }

  /** Rows order[start ...] of samples and targets. */
  private async pick(
    { x, y }: Data,
    order: DeviceTensor,
    start: number,
    count: number,
    scope: Scope,
  ): Promise<[DeviceTensor, DeviceTensor]> {
    const gather = (t: DeviceTensor): Promise<DeviceTensor> =>
      scope.keep(this.gpu.run(gatherRows(count, t.extent[2]), [t, order, start]));
    return [await gather(x), await gather(y)];
  }

  private passOf(scope: Scope, isTraining: boolean): Pass {
    const training: PassInTraining = {
      factors: (node, shape) => this.factors(node, shape),
      isFrozen: (node) => this.frozen.has(this.model.layerOf(node)),
      move: async (key, next) => {
        this.written.add(key);
        await this.weights.get(key)!.move(next);
      },
    };
    return { scope, weights: (key) => this.weights.get(key)!.value, training: isTraining ? training : null };
  }

  /** What `fit` would draw for a dropout. */
  private factors({ name, attrs }: NodeOf<'dropout'>, shape: Shape): Promise<DeviceTensor> {
    const { model } = this;
    const random = this.dropouts.get(name) ?? new Random(model.seed, `${name}/dropout`);
    this.dropouts.set(name, random);
    random.step = model.steps;
    return this.gpu.send(noGrad(() => dropout(ones(shape), attrs.rate, random)).data, shape);
  }

  private async validate(data: Data, pause: () => Promise<void>): Promise<void> {
    const { gpu, plan } = this;
    const { count } = data;
    const order = await gpu.send(allOf(count).data, [count]);
    try {
      for (const [start, size] of batchesOf(count, this.batchSize)) {
        await pause();
        await within(async (scope) => {
          const [inputs, targets] = await this.pick(data, order, start, size, scope);
          const [output] = await forward(plan.stages, inputs, this.passOf(scope, false));
          const losses = await scope.keep(plan.objective.losses(output, targets));
          await this.report.addBatch(losses, output, targets, 2);
        });
      }
    } finally {
      order.dispose();
    }
    await this.report.sumPenalties(count);
    await this.report.addPenalties(2);
  }

  /** Everything is read before anything is written: a device that is lost here changes no weight. */
  private async writeBack(): Promise<void> {
    const writes: (() => void)[] = [];
    for (const [key, weight] of this.weights) if (this.written.has(key)) writes.push(await weight.fetch());
    for (const write of writes) write();
  }

  dispose(): void {
    this.scope.dispose();
    this.report.dispose();
    for (const weight of this.weights.values()) weight.dispose();
  }
}
