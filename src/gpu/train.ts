import { LINEAR, needsInput } from '../../kernels/gpu/activations.ts';
import { gatherRows } from '../../kernels/gpu/elementwise.ts';
import { softmaxGradient } from '../../kernels/gpu/losses.ts';
import { dropout } from '../autograd/products.ts';
import { noGrad } from '../autograd/tape.ts';
import { breather } from '../base/breather.ts';
import { checkCount, LimitError, StateError } from '../base/errors.ts';
import type { History, Model } from '../nn/model.ts';
import type { Logs } from '../nn/objective.ts';
import type { Optimizer } from '../nn/optimizer.ts';
import type { Parameter } from '../nn/parameter.ts';
import { allOf, batchesOf, checkSamples, holdOut, type SampleOptions } from '../nn/samples.ts';
import { ones } from '../tensor/create.ts';
import { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { EXACT_INTEGERS, type GpuBackend } from './backend.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { gpuActivate, gpuActivationGradient, gpuBinary, gpuColumnSums, gpuMatmul } from './ops.ts';
import { type FlatSamples, Plan } from './plan.ts';
import { Report } from './report.ts';
import { Scope, within } from './scope.ts';
import { backendOf } from './shared.ts';
import { type DeviceWeights, forward, type Stage } from './stages.ts';
import { DeviceWeight } from './weights.ts';

const OP = 'gpuTrain';

export interface GpuTrainOptions extends Pick<SampleOptions, 'validationSplit' | 'validationData'> {
  /** Default 32. */
  readonly batchSize?: number;
  /** Passes over the data. Default 1. */
  readonly epochs?: number;
  /** Epoch to begin with, when resuming. Default 0. */
  readonly initialEpoch?: number;
  /** New order each epoch, the same as `fit` draws. Default true. */
  readonly shuffle?: boolean;
  /** Called after each epoch and awaited; training ends if it gives false. The model is written at the end alone. */
  readonly onEpochEnd?: (epoch: number, logs: Logs) => unknown;
  readonly signal?: { readonly aborted: boolean };
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

/** Options of `fit` that are not options here. */
const OTHERS = ['sampleWeight', 'classWeight', 'callbacks', 'verbose'];

/**
 * `fit` on a device, for compiled models of Dense, Activation, Dropout and Flatten layers: the same batches, the same
 * dropout, the same arithmetic up to rounding. Data, weights and activations stay on the device; it is read once an epoch
 * for the figures of the history, and at the end for the weights and the optimizer's state.
 *
 * Activations linear, relu, leakyRelu, sigmoid, tanh, gelu, softmax; losses mse and the crossentropies, binary after
 * sigmoid, categorical after softmax, or fromLogits; SGD, Adam and AdamW; L1 and L2; pruning masks; the metric accuracy.
 * Anything else throws StateError before anything is computed. Samples are copied before the first await. If training fails,
 * weights and optimizer are as they were before; what else writes weights meanwhile is overwritten at the end.
 */
export async function gpuTrain(model: Model, x: Tensor, y: Tensor, options: GpuTrainOptions = {}): Promise<GpuHistory> {
  const { batchSize = 32, epochs = 1, initialEpoch = 0 } = options;
  checkCount(OP, 'batchSize', batchSize);
  checkCount(OP, 'epochs', epochs, 0);
  checkCount(OP, 'initialEpoch', initialEpoch, 0);
  const other = OTHERS.find((name) => (options as Readonly<Record<string, unknown>>)[name] !== undefined);
  if (other !== undefined) throw new StateError(OP, `${other} is an option of fit alone`);
  const given = checkSamples(OP, model, x, y);
  const { n } = given;
  if (n > EXACT_INTEGERS) throw new LimitError(OP, 'the number of samples', n, EXACT_INTEGERS);
  const { optimizer } = model;
  model.build(x.shape.slice(1));
  const plan = new Plan(OP, model);
  const [trained, validation] = holdOut(OP, model, given, options);
  const samples = plan.flat(OP, given, trained);
  const held = validation === null ? null : plan.flat(OP, validation, validation.n);
  const letGo = model.hold(OP);
  if (lent.has(optimizer)) {
    letGo();
    throw new StateError(OP, 'the optimizer is in use by a training of another model');
  }
  lent.add(optimizer);
  const weights = model.weights.map(({ value }) => value);
  const before = { steps: model.steps, state: optimizer.state(weights) };
  let training: Training | null = null;
  try {
    training = new Training(await backendOf(OP, options.gpu), model, plan, batchSize);
    await training.sendModel();
    return await training.run(samples, held, options);
  } catch (error) {
    model.steps = before.steps;
    optimizer.restore(weights, before.state);
    throw error;
  } finally {
    training?.dispose();
    lent.delete(optimizer);
    letGo();
  }
}

/** A stage in training, with what its gradient needs. */
interface Done {
  readonly stage: Stage;
  readonly input: DeviceTensor;
  readonly output: DeviceTensor;
  /** Of an activation: its output or its input, as `needsInput` says. Of dropout: the mask. */
  readonly saved: DeviceTensor;
}

interface Data {
  readonly x: DeviceTensor;
  readonly y: DeviceTensor;
  readonly count: number;
}

interface StageWeights {
  readonly kernel: DeviceWeight;
  readonly bias: DeviceWeight | null;
  readonly isTrained: boolean;
}

/** One training of a model: what it holds on the device. */
class Training {
  private readonly gpu: GpuBackend;
  private readonly model: Model;
  private readonly plan: Plan;
  private readonly batchSize: number;
  private readonly weights: DeviceWeight[] = [];
  private readonly ofStage = new Map<Stage, StageWeights>();
  private readonly dropouts = new Map<Stage, Random>();
  /** Samples. */
  private readonly scope = new Scope();
  private readonly report: Report;

  constructor(gpu: GpuBackend, model: Model, plan: Plan, batchSize: number) {
    this.gpu = gpu;
    this.model = model;
    this.plan = plan;
    this.batchSize = batchSize;
    this.report = new Report(gpu, plan.objective, this.weights);
  }

  /** Copies the model to the device. */
  async sendModel(): Promise<void> {
    const { model, gpu, plan } = this;
    const send = async (weight: Parameter, isTrained: boolean): Promise<DeviceWeight> => {
      const slots = isTrained ? plan.optimizer.storages([weight], [weight]) : [];
      const sent = await DeviceWeight.send(gpu, weight, plan.rule, slots);
      this.weights.push(sent);
      return sent;
    };
    for (const stage of plan.stages) {
      if (stage.type === 'dropout') this.dropouts.set(stage, new Random(model.seed, `${stage.name}/dropout`));
      if (stage.type !== 'dense') continue;
      const { weights, trainable } = model.layer(stage.layer.name);
      const [kernel, bias] = weights as [Parameter, Parameter?];
      this.ofStage.set(stage, {
        kernel: await send(kernel, trainable),
        bias: bias === undefined ? null : await send(bias, trainable),
        isTrained: trainable,
      });
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
    const breathe = breather();
    const pause = async (): Promise<void> => {
      if (signal?.aborted === true) throw new StateError(OP, 'was aborted');
      await breathe();
    };
    const history: Record<string, number[]> = {};
    const run: number[] = [];
    for (let epoch = initialEpoch; epoch < epochs; epoch++) {
      random.step = epoch;
      const order = await gpu.send((shuffle ? random.permutation(count) : allOf(count)).data, [count]);
      try {
        await this.report.begin(Math.min(this.batchSize, Math.max(count, held?.count ?? 0)));
        for (const [start, size] of batchesOf(count, this.batchSize)) {
          await pause();
          await this.trainOn(data, order, start, size);
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
      logs.learning_rate = plan.optimizer.learningRate;
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
      const done = await this.forward(x, scope, true);
      const output = done.at(-1)?.output ?? x;
      const losses = await scope.keep(objective.losses(output, y));
      await this.report.addBatch(losses, output, y, 0);
      await this.report.sumPenalties(count);
      const gradients = await this.backward(done, await scope.keep(objective.gradient(output, y, losses)), scope);
      const scalars = new Float32Array(8);
      plan.optimizer.advance([scalars]);
      for (const [weight, gradient] of gradients) await weight.step(gradient, scalars);
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

  private async forward(x: DeviceTensor, scope: Scope, isTraining: boolean): Promise<Done[]> {
    const done: Done[] = [];
    let input = x;
    for (const stage of this.plan.stages) {
      if (stage.type === 'dropout') {
        if (!isTraining || stage.rate === 0) continue;
        const saved = await scope.keep(this.dropoutMask(stage, input));
        const output = await scope.keep(gpuBinary('mul', input, saved));
        done.push({ stage, input, output, saved });
        input = output;
        continue;
      }
      const own = this.ofStage.get(stage);
      const weights: DeviceWeights | undefined = own && { kernel: own.kernel.value, bias: own.bias?.value ?? null };
      let saved = input;
      let output: DeviceTensor;
      if (stage.type === 'dense' && isTraining && needsInput(stage.activation)) {
        saved = await scope.keep(forward({ ...stage, activation: LINEAR }, input, weights));
        output = await scope.keep(gpuActivate(saved, stage.activation));
      } else {
        output = await scope.keep(forward(stage, input, weights));
        if (stage.type !== 'activation' || !needsInput(stage.activation)) saved = output;
      }
      done.push({ stage, input, output, saved });
      input = output;
    }
    return done;
  }

  /** 0, or 1/(1 - rate), for each number: what `fit` would draw. */
  private dropoutMask(stage: Stage & { type: 'dropout' }, { shape }: DeviceTensor): Promise<DeviceTensor> {
    const random = this.dropouts.get(stage)!;
    random.step = this.model.steps;
    return this.gpu.send(noGrad(() => dropout(ones(shape), stage.rate, random)).data, shape);
  }

  /** Gradients of the trained weights from that of the outputs. */
  private async backward(
    done: readonly Done[],
    last: DeviceTensor,
    scope: Scope,
  ): Promise<[DeviceWeight, DeviceTensor][]> {
    const gradients: [DeviceWeight, DeviceTensor][] = [];
    const isTrained = ({ stage }: Done): boolean => this.ofStage.get(stage)?.isTrained === true;
    const first = done.findIndex(isTrained);
    let g = last;
    for (let i = done.length - 1; i >= first && first >= 0; i--) {
      const { stage, input, output, saved } = done[i]!;
      if (stage.type === 'dropout') g = await scope.keep(gpuBinary('mul', g, saved));
      else if (stage.type === 'softmax') {
        const [, rows, cols] = output.extent;
        g = await scope.keep(this.gpu.run(softmaxGradient(rows, cols), [output, g]));
      } else {
        if (stage.activation.name !== 'linear') g = await scope.keep(gpuActivationGradient(stage.activation, saved, g));
        if (stage.type !== 'dense') continue;
        const { kernel, bias } = this.ofStage.get(stage)!;
        if (isTrained(done[i]!)) {
          gradients.push([kernel, await scope.keep(gpuMatmul(input, g, { transA: true }))]);
          if (bias !== null) gradients.push([bias, await scope.keep(gpuColumnSums(g))]);
        }
        if (i > first) g = await scope.keep(gpuMatmul(g, kernel.value, { transB: true }));
      }
    }
    return gradients;
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
          const output = (await this.forward(inputs, scope, false)).at(-1)?.output ?? inputs;
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
    for (const { kernel, bias, isTrained } of this.ofStage.values()) {
      if (!isTrained) continue;
      writes.push(await kernel.fetch());
      if (bias !== null) writes.push(await bias.fetch());
    }
    for (const write of writes) write();
  }

  dispose(): void {
    this.scope.dispose();
    this.report.dispose();
    for (const weight of this.weights) weight.dispose();
  }
}
