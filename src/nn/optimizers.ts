import type { FloatArray } from '../../kernels/arrays.ts';
import { checkOneOf, ValueError } from '../base/errors.ts';
import { checkOptions, defined, didYouMean } from '../base/options.ts';
import { kernelsFor } from '../memory/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Optimizer, type OptimizerConfig, type OptimizerOptions } from './optimizer.ts';
import { Proximal, type ProximalOptions, WRAPPED } from './proximal.ts';

export { Optimizer, type OptimizerOptions, type OptimizerState } from './optimizer.ts';

/** Names of OptimizerOptions. Only objects of a class itself are asked for them: another may have options of its own. */
const OPTIMIZER_OPTIONS = 'learningRate clipNorm globalClipNorm clipValue';

const RATE = 'Write { learningRate: $ }';

type Slots = Readonly<Record<string, Tensor>>;
type Own<Options> = Required<Omit<Options, keyof OptimizerOptions>>;

/** Null for a slot that the options leave out. */
const arrayOf = (slot: Tensor | undefined): FloatArray | null =>
  slot === undefined ? null : (slot.storage.array as FloatArray);

export interface SGDOptions extends OptimizerOptions {
  /** Default 0. */
  readonly momentum?: number;
  /** Look ahead by the momentum (Nesterov 1983, in the form of Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent; learning rate 0.01 by default.
 *
 * @example
 * const w = tensor([4]);
 * const optimizer = new SGD({ learningRate: 0.25, momentum: 0.5 });
 * optimizer.minimize(() => sum(square(w)), [w]); // 16
 * optimizer.minimize(() => sum(square(w)), [w]); // 4
 * w; // [0.]
 */
export class SGD extends Optimizer<Own<SGDOptions>> {
  override readonly name = 'SGD';

  constructor(options: SGDOptions = {}) {
    if (new.target === SGD) checkOptions('SGD', options, `${OPTIMIZER_OPTIONS} momentum nesterov`, RATE);
    const { momentum = 0, nesterov = false } = options;
    super('SGD', options, 0.01, { momentum, nesterov });
  }

  protected override slotNames(): readonly string[] {
    return this.own.momentum === 0 ? [] : ['velocity'];
  }

  protected override scalars(learningRate: number, block: FloatArray): void {
    block.set([learningRate, this.own.momentum]);
  }

  protected override update(p: Tensor, w: FloatArray, g: FloatArray, slots: Slots, block: FloatArray): void {
    kernelsFor(p.dtype).sgd(p.size, w, g, arrayOf(slots.velocity), this.own.nesterov, block);
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

const ADAM_OPTIONS = `${OPTIMIZER_OPTIONS} beta1 beta2 epsilon epsilonMode amsgrad weightDecay`;

/**
 * Kingma & Ba 2015. Learning rate 0.001 by default.
 *
 * @example
 * const optimizer = new Adam({ learningRate: cosineDecay(0.01, 28), globalClipNorm: 1 });
 * model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
 * model.fit(x, y, { epochs: 2 });
 * optimizer.learningRate; // 0.005
 */
export class Adam extends Optimizer<Own<AdamOptions>> {
  override readonly name: string = 'Adam';

  constructor(options: AdamOptions = {}, op = 'Adam') {
    if (new.target === Adam) checkOptions(op, options, ADAM_OPTIONS, RATE);
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
    const { epsilonMode = 'hat', amsgrad = false, weightDecay = 0 } = options;
    super(op, options, 0.001, { beta1, beta2, epsilon, epsilonMode, amsgrad, weightDecay }, [beta1, beta2]);
    checkOneOf(op, 'epsilonMode', epsilonMode, ['hat', 'paper']);
  }

  protected override slotNames(): readonly string[] {
    return this.own.amsgrad ? ['m', 'v', 'vMax'] : ['m', 'v'];
  }

  /** `powers`: β₁ᵗ and β₂ᵗ. */
  protected override scalars(learningRate: number, block: FloatArray, powers: readonly number[]): void {
    const { beta1, beta2, epsilon, epsilonMode, weightDecay } = this.own;
    const correction2 = Math.sqrt(1 - powers[1]!);
    const rate = (learningRate * correction2) / (1 - powers[0]!);
    const eps = epsilonMode === 'hat' ? epsilon : epsilon * correction2;
    block.set([rate, eps, beta1, 1 - beta1, beta2, 1 - beta2, learningRate * weightDecay]);
  }

  protected override update(p: Tensor, w: FloatArray, g: FloatArray, slots: Slots, block: FloatArray): void {
    const { m, v, vMax } = slots;
    kernelsFor(p.dtype).adam(p.size, w, g, arrayOf(m)!, arrayOf(v)!, arrayOf(vMax), block);
  }
}

/**
 * Adam with decoupled weight decay, 0.004 by default as in Keras (PyTorch: 0.01).
 *
 * @example
 * const w = tensor([4]);
 * new AdamW({ learningRate: 0.5, weightDecay: 0.5 }).apply([w], [tensor([0])]);
 * w; // [3.]
 */
export class AdamW extends Adam {
  override readonly name = 'AdamW';
  constructor(options: AdamOptions = {}) {
    if (new.target === AdamW) checkOptions('AdamW', options, ADAM_OPTIONS, RATE);
    super({ ...options, weightDecay: options.weightDecay ?? 0.004 }, 'AdamW');
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

/**
 * Divides by a running root mean square of the gradient (Tieleman & Hinton 2012). Learning rate 0.001 by default.
 *
 * @example
 * const w = tensor([4, 4]);
 * new RMSprop({ learningRate: 0.5, rho: 0 }).apply([w], [tensor([1, 1000])]);
 * w; // [3.5 3.5]
 */
export class RMSprop extends Optimizer<Own<RMSpropOptions>> {
  override readonly name = 'RMSprop';

  constructor(options: RMSpropOptions = {}) {
    if (new.target === RMSprop) checkOptions('RMSprop', options, `${OPTIMIZER_OPTIONS} rho momentum epsilon`, RATE);
    const { rho = 0.9, momentum = 0, epsilon = 1e-7 } = options;
    super('RMSprop', options, 0.001, { rho, momentum, epsilon });
  }

  protected override slotNames(): readonly string[] {
    return this.own.momentum === 0 ? ['v'] : ['v', 'velocity'];
  }

  protected override scalars(learningRate: number, block: FloatArray): void {
    const { rho, momentum, epsilon } = this.own;
    block.set([learningRate, rho, 1 - rho, epsilon, momentum]);
  }

  protected override update(p: Tensor, w: FloatArray, g: FloatArray, slots: Slots, block: FloatArray): void {
    kernelsFor(p.dtype).rmsprop(p.size, w, g, arrayOf(slots.v)!, arrayOf(slots.velocity), block);
  }
}

export interface AdagradOptions extends OptimizerOptions {
  /** First value of the sum of squares. Default 0.1. */
  readonly initialAccumulator?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * Divides by the root of the sum of all squared gradients (Duchi et al. 2011). Learning rate 0.001 by default.
 *
 * @example
 * const w = tensor([5]);
 * const optimizer = new Adagrad({ learningRate: 1, initialAccumulator: 0 });
 * optimizer.apply([w], [tensor([3])]);
 * w; // [4.]
 * optimizer.apply([w], [tensor([4])]);
 * w; // [3.2]
 */
export class Adagrad extends Optimizer<Own<AdagradOptions>> {
  override readonly name = 'Adagrad';

  constructor(options: AdagradOptions = {}) {
    if (new.target === Adagrad)
      checkOptions('Adagrad', options, `${OPTIMIZER_OPTIONS} initialAccumulator epsilon`, RATE);
    const { initialAccumulator = 0.1, epsilon = 1e-7 } = options;
    super('Adagrad', options, 0.001, { initialAccumulator, epsilon });
  }

  protected override slotNames(): readonly string[] {
    return ['v'];
  }

  protected override scalars(learningRate: number, block: FloatArray): void {
    block.set([learningRate, this.own.epsilon]);
  }

  protected override update(p: Tensor, w: FloatArray, g: FloatArray, slots: Slots, block: FloatArray): void {
    kernelsFor(p.dtype).adagrad(p.size, w, g, arrayOf(slots.v)!, block);
  }

  protected override initialSlot(): number {
    return this.own.initialAccumulator;
  }
}

const NAMES = ['sgd', 'adam', 'adamW', 'rmsprop', 'adagrad'] as const;
export type OptimizerName = (typeof NAMES)[number];

/** Whether a file can hold the optimizer by its name: not one of the user's own class. */
export function isNamedOptimizer(optimizer: Optimizer): boolean {
  if (optimizer instanceof Proximal) return optimizer.constructor === Proximal && isNamedOptimizer(optimizer.optimizer);
  const known: readonly unknown[] = [SGD, Adam, AdamW, RMSprop, Adagrad];
  return known.includes(optimizer.constructor);
}

/** The optimizer behind a choice, with default options for a name. */
export function optimizerOf(choice: OptimizerName | Optimizer): Optimizer {
  if (choice instanceof Optimizer) return choice;
  const { name, prototype } = Object(choice) as { readonly name?: string; readonly prototype?: unknown };
  const isProximal =
    typeof choice === 'string' ? choice.toLowerCase() === 'proximal' : prototype === Proximal.prototype;
  if (typeof choice !== 'string' || isProximal) {
    const own = prototype instanceof Optimizer ? name : 'Adam';
    const remedy = isProximal ? WRAPPED : `Write new ${own}({ learningRate: 0.1 })`;
    throw new ValueError('compile', 'optimizer', `an optimizer, or ${NAMES.join(' or ')}`, choice, remedy);
  }
  return optimizerByName(choice, {});
}

/** An optimizer made again from the name and options that a file holds. */
export function optimizerByName(name: string, { name: _, learningRate, ...options }: OptimizerConfig): Optimizer {
  const made = withDefaultRate(name, options);
  if (learningRate !== undefined) made.learningRate = learningRate as number; // a callback may have set 0
  return made;
}

function withDefaultRate(name: string, options: OptimizerConfig): Optimizer {
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
    case 'proximal': {
      const { of = '', lambda, sparsity, groups, map, ...others } = options;
      return new Proximal(
        withDefaultRate(String(of), others),
        defined({ lambda, sparsity, groups, map }) as ProximalOptions,
      );
    }
    default:
      throw new ValueError(
        'compile',
        'optimizer',
        'sgd, adam, adamW, rmsprop or adagrad',
        name,
        didYouMean(name, NAMES),
      );
  }
}
