import type { FloatArray } from '../../kernels/kernels.ts';
import { ValueError } from '../base/errors.ts';
import { kernelsFor } from '../memory/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { inRange, Optimizer, type OptimizerOptions } from './optimizer.ts';

export { Optimizer, type OptimizerOptions, type OptimizerState } from './optimizer.ts';

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

/** Whether a file can hold the optimizer by its name: not one of the user's own class. */
export function isNamedOptimizer(optimizer: Optimizer): boolean {
  const known: readonly unknown[] = [SGD, Adam, AdamW, RMSprop, Adagrad];
  return known.includes(optimizer.constructor);
}

/** The optimizer behind a choice, with default options for a name. */
export function optimizerOf(choice: OptimizerName | Optimizer): Optimizer {
  if (choice instanceof Optimizer) return choice;
  return optimizerByName(choice, {});
}

/** An optimizer made again from the name and options that a file holds. Unknown options are ignored. */
export function optimizerByName(
  name: string,
  { learningRate, ...options }: Readonly<Record<string, number | boolean | string>>,
): Optimizer {
  const made = withDefaultRate(name, options);
  if (learningRate !== undefined) made.learningRate = learningRate as number; // a callback may have set 0
  return made;
}

function withDefaultRate(name: string, options: Readonly<Record<string, number | boolean | string>>): Optimizer {
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
