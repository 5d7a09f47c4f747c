import type { FloatArray } from '../../kernels/kernels.ts';
import { add, div, maximum, mul } from '../autograd/arithmetic.ts';
import { clip, sqrt, square } from '../autograd/elementwise.ts';
import { floats } from '../autograd/operands.ts';
import { sum } from '../autograd/reductions.ts';
import { noGrad, valueAndGrad } from '../autograd/tape.ts';
import { StateError, ValueError } from '../base/errors.ts';
import { persistent, step } from '../tensor/arena.ts';
import { full } from '../tensor/create.ts';
import { isFloat } from '../tensor/dtype.ts';
import { kernelsFor } from '../tensor/runtime.ts';
import { copyOf, flat, type Tensor } from '../tensor/tensor.ts';
import type { Schedule } from './schedules.ts';

export interface OptimizerOptions {
  /** A number, or a schedule by step. */
  readonly learningRate?: number | Schedule;
  /** Scales each gradient down to at most this L2 norm. */
  readonly clipNorm?: number;
  /** Scales all gradients down together to at most this L2 norm. */
  readonly globalClipNorm?: number;
  /** Clips each element of a gradient to ± this. */
  readonly clipValue?: number;
}

/** The numbers an optimizer needs to go on: scalars, and slots of each parameter in order. */
export interface OptimizerState {
  readonly scalars: Readonly<Record<string, number>>;
  readonly slots: readonly Readonly<Record<string, Tensor>>[];
}

/**
 * Moves parameters against their gradients, in place. Slots (momenta, ...) are made at a parameter's first step. A
 * pruned parameter's mask is applied after the step, to the weights and to every slot: applied before it, the momentum
 * would bring pruned weights back.
 */
export abstract class Optimizer {
  abstract readonly name: string;
  /** Steps made so far. */
  iterations = 0;
  private rate: number | Schedule;
  protected readonly options: OptimizerOptions;
  private readonly slots = new Map<Tensor, Record<string, Tensor>>();
  private readonly zero = { float32: new Float32Array(1), float64: new Float64Array(1) };
  /** The scalars of a step, one block a float type, reused. */
  private readonly blocks = { float32: new Float32Array(8), float64: new Float64Array(8) };

  constructor(op: string, options: OptimizerOptions, defaultRate: number) {
    this.options = options;
    this.rate = options.learningRate ?? defaultRate;
    if (typeof this.rate === 'number') inRange(op, 'learningRate', this.rate, (x) => x > 0, 'positive');
    for (const field of ['clipNorm', 'globalClipNorm', 'clipValue'] as const) {
      const value = options[field];
      if (value !== undefined) inRange(op, field, value, (x) => x > 0, 'positive');
    }
  }

  /** The rate of the next step. Setting it replaces a schedule. */
  get learningRate(): number {
    return typeof this.rate === 'number' ? this.rate : this.rate(this.iterations);
  }

  set learningRate(rate: number) {
    inRange(this.name, 'learningRate', rate, (x) => x >= 0, 'at least 0');
    this.rate = rate;
  }

  /** True when a schedule sets the rate. */
  get hasSchedule(): boolean {
    return typeof this.rate === 'function';
  }

  /** One training step on `loss()`, which must be a scalar; returns its value before the step. */
  minimize(loss: () => Tensor, parameters: readonly Tensor[]): number {
    return step(() => {
      const { value, grads } = valueAndGrad(loss, parameters);
      this.apply(parameters, grads);
      return value.item();
    });
  }

  /** Moves each parameter by its gradient, which is only read. */
  apply(parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
    if (parameters.length !== gradients.length) {
      throw new StateError(this.name, `got ${gradients.length} gradients for ${parameters.length} parameters`);
    }
    noGrad(() => {
      const clipped = this.clip(gradients);
      const learningRate = this.learningRate;
      this.iterations++;
      this.begin();
      parameters.forEach((p, i) => {
        const { dtype, size } = p;
        if (!isFloat(dtype)) throw new StateError(this.name, `a parameter of type ${dtype} cannot be trained`);
        const block = this.blocks[dtype];
        this.scalars(learningRate, block);
        const slots = this.slotsOf(p);
        this.update(p, floats(this.name, p), floats(this.name, clipped[i]!), slots, block);
        if (p.mask !== null) {
          const mask = flat(this.name, p.mask) as Uint8Array;
          const zero = this.zero[dtype];
          for (const t of [p, ...Object.values(slots)]) {
            const data = floats(this.name, t);
            kernelsFor(dtype).select(size, mask, data, 1, zero, 0, data);
          }
        }
        p.storage.version++;
      });
    });
  }

  /** A copy of what must be saved to go on later; slots in the order of `parameters`. */
  state(parameters: readonly Tensor[]): OptimizerState {
    const slots = parameters.map((p) => {
      const own = this.slots.get(p) ?? {};
      return Object.fromEntries(Object.entries(own).map(([name, t]) => [name, persistent(() => copyOf(t))]));
    });
    return { scalars: { iterations: this.iterations, ...this.counters() }, slots };
  }

  /** Goes on from a state of the same kind of optimizer and parameters. */
  restore(parameters: readonly Tensor[], state: OptimizerState): void {
    if (state.slots.length !== parameters.length) {
      throw new StateError(
        this.name,
        `the state is of ${state.slots.length} parameters, the model has ${parameters.length}`,
      );
    }
    this.iterations = state.scalars.iterations ?? 0;
    this.setCounters(state.scalars);
    this.slots.clear();
    parameters.forEach((p, i) => {
      const saved = state.slots[i]!;
      if (Object.keys(saved).length === 0) return;
      const own = this.slotsOf(p);
      for (const [name, t] of Object.entries(own)) {
        const from = saved[name];
        if (from === undefined || from.size !== t.size || from.dtype !== t.dtype) {
          throw new StateError(this.name, `the state has no fitting ${name} for parameter ${i}`);
        }
        t.storage.array.set(from.data);
      }
    });
  }

  /** Names of the slots that each parameter needs. */
  protected abstract slotNames(): readonly string[];
  /** Writes the scalars of this step, made in float64, into the block (which rounds them). */
  protected abstract scalars(learningRate: number, block: FloatArray): void;
  protected abstract update(
    p: Tensor,
    w: FloatArray,
    g: FloatArray,
    slots: Record<string, Tensor>,
    block: FloatArray,
  ): void;
  /** What a slot starts as. */
  protected initialSlot(): number {
    return 0;
  }
  /** Called once a step, before any parameter. */
  protected begin(): void {}
  /** Running scalars to be saved besides `iterations`. */
  protected counters(): Record<string, number> {
    return {};
  }
  protected setCounters(_scalars: Readonly<Record<string, number>>): void {}
  /** What a file needs to make this optimizer again. */
  abstract config(): Readonly<Record<string, number | boolean | string>>;

  private slotsOf(p: Tensor): Record<string, Tensor> {
    let own = this.slots.get(p);
    if (own === undefined) {
      own = persistent(() =>
        Object.fromEntries(this.slotNames().map((name) => [name, full(p.shape, this.initialSlot(), p.dtype)])),
      );
      this.slots.set(p, own);
    }
    return own;
  }

  private clip(gradients: readonly Tensor[]): readonly Tensor[] {
    const { clipNorm, globalClipNorm, clipValue } = this.options;
    const shrink = (g: Tensor, squares: Tensor, limit: number): Tensor =>
      mul(g, div(limit, maximum(sqrt(squares), limit)));
    let result = gradients;
    if (clipValue !== undefined) result = result.map((g) => clip(g, -clipValue, clipValue));
    if (clipNorm !== undefined) result = result.map((g) => shrink(g, sum(square(g)), clipNorm));
    if (globalClipNorm !== undefined && result.length > 0) {
      const squares = result.map((g) => sum(square(g))).reduce((p, q) => add(p, q));
      result = result.map((g) => shrink(g, squares, globalClipNorm));
    }
    return result;
  }

  protected commonConfig(): Record<string, number> {
    const { clipNorm, globalClipNorm, clipValue } = this.options;
    return Object.fromEntries(
      Object.entries({ learningRate: this.learningRate, clipNorm, globalClipNorm, clipValue }).flatMap(([k, v]) =>
        v === undefined ? [] : [[k, v]],
      ),
    );
  }
}

function inRange(op: string, field: string, value: number, ok: (x: number) => boolean, text: string): void {
  if (!Number.isFinite(value) || !ok(value)) throw new ValueError(op, field, text, value);
}

const arrayOfSlot = (slots: Record<string, Tensor>, name: string): FloatArray =>
  slots[name]!.storage.array as FloatArray;

export interface SGDOptions extends OptimizerOptions {
  /** Default 0. */
  readonly momentum?: number;
  /** Look ahead by the momentum (Nesterov 1983, in the form of Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent; learning rate 0.01 by default. */
export class SGD extends Optimizer {
  override readonly name = 'SGD';
  private readonly momentum: number;
  private readonly nesterov: boolean;

  constructor(options: SGDOptions = {}) {
    super('SGD', options, 0.01);
    this.momentum = options.momentum ?? 0;
    this.nesterov = options.nesterov ?? false;
    inRange('SGD', 'momentum', this.momentum, (x) => x >= 0 && x < 1, 'in [0, 1)');
  }

  protected override slotNames(): readonly string[] {
    return this.momentum === 0 ? [] : ['velocity'];
  }

  protected override scalars(learningRate: number, block: FloatArray): void {
    block[0] = learningRate;
    block[1] = this.momentum;
  }

  protected override update(
    p: Tensor,
    w: FloatArray,
    g: FloatArray,
    slots: Record<string, Tensor>,
    block: FloatArray,
  ): void {
    const velocity = this.momentum === 0 ? null : arrayOfSlot(slots, 'velocity');
    kernelsFor(p.dtype).sgd(p.size, w, g, velocity, this.nesterov, block);
  }

  override config(): Record<string, number | boolean | string> {
    return { name: this.name, ...this.commonConfig(), momentum: this.momentum, nesterov: this.nesterov };
  }
}

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7, as Keras's; PyTorch's is 1e-8. */
  readonly epsilon?: number;
  /**
   * Where epsilon stands: `hat` (default, Keras) is lr·√(1-β₂ᵗ)/(1-β₁ᵗ)·m/(√v + ε), the form at the end of section 2
   * of Kingma & Ba 2015; `paper` (PyTorch, Algorithm 1) is lr·m̂/(√v̂ + ε).
   */
  readonly epsilonMode?: 'hat' | 'paper';
  /** Divide by the largest v so far (Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean;
  /** Decoupled: the weights shrink by learningRate·weightDecay each step (Loshchilov & Hutter 2019). Default 0. */
  readonly weightDecay?: number;
}

/** Kingma & Ba 2015. Learning rate 0.001 by default. */
export class Adam extends Optimizer {
  override readonly name: string = 'Adam';
  private readonly adam: Required<Omit<AdamOptions, keyof OptimizerOptions>>;
  // β₁ᵗ and β₂ᵗ as running products: powers differ between engines in their last bits.
  private power1 = 1;
  private power2 = 1;

  constructor(options: AdamOptions = {}, op = 'Adam') {
    super(op, options, 0.001);
    const {
      beta1 = 0.9,
      beta2 = 0.999,
      epsilon = 1e-7,
      epsilonMode = 'hat',
      amsgrad = false,
      weightDecay = 0,
    } = options;
    this.adam = { beta1, beta2, epsilon, epsilonMode, amsgrad, weightDecay };
    inRange(op, 'beta1', beta1, (x) => x >= 0 && x < 1, 'in [0, 1)');
    inRange(op, 'beta2', beta2, (x) => x >= 0 && x < 1, 'in [0, 1)');
    inRange(op, 'epsilon', epsilon, (x) => x > 0, 'positive');
    inRange(op, 'weightDecay', weightDecay, (x) => x >= 0, 'at least 0');
    if (epsilonMode !== 'hat' && epsilonMode !== 'paper')
      throw new ValueError(op, 'epsilonMode', 'hat or paper', epsilonMode);
  }

  protected override slotNames(): readonly string[] {
    return this.adam.amsgrad ? ['m', 'v', 'vMax'] : ['m', 'v'];
  }

  protected override begin(): void {
    this.power1 *= this.adam.beta1;
    this.power2 *= this.adam.beta2;
  }

  protected override scalars(learningRate: number, block: FloatArray): void {
    const { beta1, beta2, epsilon, epsilonMode, weightDecay } = this.adam;
    const correction2 = Math.sqrt(1 - this.power2);
    block[0] = (learningRate * correction2) / (1 - this.power1);
    block[1] = epsilonMode === 'hat' ? epsilon : epsilon * correction2;
    block[2] = beta1;
    block[3] = 1 - beta1;
    block[4] = beta2;
    block[5] = 1 - beta2;
    block[6] = learningRate * weightDecay;
  }

  protected override update(
    p: Tensor,
    w: FloatArray,
    g: FloatArray,
    slots: Record<string, Tensor>,
    block: FloatArray,
  ): void {
    const [m, v] = [arrayOfSlot(slots, 'm'), arrayOfSlot(slots, 'v')];
    kernelsFor(p.dtype).adam(p.size, w, g, m, v, this.adam.amsgrad ? arrayOfSlot(slots, 'vMax') : null, block);
  }

  protected override counters(): Record<string, number> {
    return { power1: this.power1, power2: this.power2 };
  }

  protected override setCounters({ power1 = 1, power2 = 1 }: Readonly<Record<string, number>>): void {
    this.power1 = power1;
    this.power2 = power2;
  }

  override config(): Record<string, number | boolean | string> {
    return { name: this.name, ...this.commonConfig(), ...this.adam };
  }
}

/** Adam with decoupled weight decay, 0.004 by default as in Keras (PyTorch: 0.01). */
export class AdamW extends Adam {
  override readonly name = 'AdamW';
  constructor(options: AdamOptions = {}) {
    super({ weightDecay: 0.004, ...options }, 'AdamW');
  }
}

export interface RMSpropOptions extends OptimizerOptions {
  /** Default 0.9. */
  readonly rho?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/** Divides by a running root mean square of the gradient (Tieleman & Hinton 2012). Learning rate 0.001 by default. */
export class RMSprop extends Optimizer {
  override readonly name = 'RMSprop';
  private readonly own: { rho: number; momentum: number; epsilon: number };

  constructor(options: RMSpropOptions = {}) {
    super('RMSprop', options, 0.001);
    const { rho = 0.9, momentum = 0, epsilon = 1e-7 } = options;
    this.own = { rho, momentum, epsilon };
    inRange('RMSprop', 'rho', rho, (x) => x >= 0 && x < 1, 'in [0, 1)');
    inRange('RMSprop', 'momentum', momentum, (x) => x >= 0 && x < 1, 'in [0, 1)');
    inRange('RMSprop', 'epsilon', epsilon, (x) => x > 0, 'positive');
  }

  protected override slotNames(): readonly string[] {
    return this.own.momentum === 0 ? ['v'] : ['v', 'velocity'];
  }

  protected override scalars(learningRate: number, block: FloatArray): void {
    const { rho, momentum, epsilon } = this.own;
    block.set([learningRate, rho, 1 - rho, epsilon, momentum]);
  }

  protected override update(
    p: Tensor,
    w: FloatArray,
    g: FloatArray,
    slots: Record<string, Tensor>,
    block: FloatArray,
  ): void {
    const velocity = this.own.momentum === 0 ? null : arrayOfSlot(slots, 'velocity');
    kernelsFor(p.dtype).rmsprop(p.size, w, g, arrayOfSlot(slots, 'v'), velocity, block);
  }

  override config(): Record<string, number | boolean | string> {
    return { name: this.name, ...this.commonConfig(), ...this.own };
  }
}

export interface AdagradOptions extends OptimizerOptions {
  /** First value of the sum of squares. Default 0.1. */
  readonly initialAccumulator?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/** Divides by the root of the sum of all squared gradients (Duchi et al. 2011). Learning rate 0.001 by default. */
export class Adagrad extends Optimizer {
  override readonly name = 'Adagrad';
  private readonly own: { initialAccumulator: number; epsilon: number };

  constructor(options: AdagradOptions = {}) {
    super('Adagrad', options, 0.001);
    const { initialAccumulator = 0.1, epsilon = 1e-7 } = options;
    this.own = { initialAccumulator, epsilon };
    inRange('Adagrad', 'initialAccumulator', initialAccumulator, (x) => x >= 0, 'at least 0');
    inRange('Adagrad', 'epsilon', epsilon, (x) => x > 0, 'positive');
  }

  protected override slotNames(): readonly string[] {
    return ['v'];
  }

  protected override scalars(learningRate: number, block: FloatArray): void {
    block[0] = learningRate;
    block[1] = this.own.epsilon;
  }

  protected override update(
    p: Tensor,
    w: FloatArray,
    g: FloatArray,
    slots: Record<string, Tensor>,
    block: FloatArray,
  ): void {
    kernelsFor(p.dtype).adagrad(p.size, w, g, arrayOfSlot(slots, 'v'), block);
  }

  protected override initialSlot(): number {
    return this.own.initialAccumulator;
  }

  override config(): Record<string, number | boolean | string> {
    return { name: this.name, ...this.commonConfig(), ...this.own };
  }
}

export type OptimizerName = 'sgd' | 'adam' | 'adamW' | 'rmsprop' | 'adagrad';

/** The optimizer behind a choice, with default options for a name. */
export function optimizerOf(choice: OptimizerName | Optimizer): Optimizer {
  if (choice instanceof Optimizer) return choice;
  return optimizerByName(choice, {});
}

/** An optimizer made again from the name and options that a file holds. Unknown options are ignored. */
export function optimizerByName(name: string, options: Readonly<Record<string, number | boolean | string>>): Optimizer {
  switch (name.toLowerCase()) {
    case 'sgd':
      return new SGD(options);
    case 'adam':
      return new Adam(options as AdamOptions);
    case 'adamw':
      return new AdamW(options as AdamOptions);
    case 'rmsprop':
      return new RMSprop(options);
    case 'adagrad':
      return new Adagrad(options);
    default:
      throw new ValueError('compile', 'optimizer', 'sgd, adam, adamW, rmsprop or adagrad', name);
  }
}
