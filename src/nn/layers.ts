import { mul } from '../autograd/arithmetic.ts';
import { reshape } from '../autograd/movement.ts';
import { dense, dropout } from '../autograd/products.ts';
import { parameter } from '../autograd/tape.ts';
import { checkRange, ShapeError, StateError } from '../base/errors.ts';
import { type Shape, size } from '../base/shape.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { eachTime } from '../memory/recorder.ts';
import { Random } from '../tensor/random.ts';
import { keep, type Tensor } from '../tensor/tensor.ts';
import { type ActivationChoice, activate, activationSpec } from './activations.ts';
import { type Initializer, initializer } from './initializers.ts';
import { Parameter } from './parameter.ts';
import { penalty, type RegularizerChoice, regularizer } from './regularizers.ts';

/** What a layer learns while it is built. */
export interface BuildContext {
  readonly seed: number;
  readonly dtype: FloatDType;
  /** The weights are overwritten at once, so zeros will do: drawing them may take longer than all else of loading. */
  readonly blank?: boolean;
}

/** What a layer is told on each call. */
export interface CallContext {
  readonly training: boolean;
  /** Training steps made before this one: the counter of every random draw. Another number each time it is read. */
  readonly step: number;
  /** Penalties on activities, added to the loss. */
  readonly penalties: Tensor[];
  /** Leave out the last activation, so that the loss can work on logits. */
  readonly logits: boolean;
}

/** A step of a network. Layers are made by the user and named, built and called by the model that holds them. */
export abstract class Layer {
  abstract readonly type: string;
  /** Unique in its model; chosen by the model when empty. */
  name: string;
  /** Whether training changes the weights. Default true. */
  trainable = true;
  /** Shape of one sample, for the first layer of a model. */
  readonly inputShape: Shape | undefined;
  /**
   * Whether a recorded step may be repeated without calling the layer again: `call` consists of operations on tensors
   * alone, the same ones each time. Those of this library say so; a layer of your own has to. Default false.
   */
  readonly replayable: boolean = false;

  constructor(options: LayerOptions = {}) {
    this.name = options.name ?? '';
    this.inputShape = ownCopy(options).inputShape;
  }

  weights: Parameter[] = [];

  /** The weight of a role, such as `kernel`. Throws StateError before the layer is built, and for a role it has not. */
  parameter(role: string): Parameter {
    const found = this.weights.find(({ name }) => name.slice(name.lastIndexOf('/') + 1) === role);
    if (found === undefined)
      throw new StateError(
        this.constructor.name,
        this.weights.length === 0 ? `layer ${this.name} is not built yet` : `layer ${this.name} has no ${role}`,
      );
    return found;
  }

  /** The activation that outputs come out of, and that `call` leaves out where the context asks for logits. */
  get outputActivation(): ActivationSpec {
    return { name: 'linear' };
  }

  /** Whether outputs may differ from inputs, in training or outside. Default true. */
  acts(_training: boolean): boolean {
    return true;
  }

  /** Makes the weights for samples of `inputShape` and returns the shape of one output sample. */
  abstract build(inputShape: Shape, context: BuildContext): Shape;
  abstract call(x: Tensor, context: CallContext): Tensor;
  /** A new unbuilt layer with the same options. */
  abstract clone(): Layer;
}

export interface LayerOptions {
  readonly name?: string;
  readonly inputShape?: Shape;
}

/** The options as they are now: what the caller does to their objects afterwards changes no layer. */
function ownCopy<T extends LayerOptions>(options: T): T {
  return options.inputShape === undefined ? { ...options } : { ...options, inputShape: [...options.inputShape] };
}

export interface DenseOptions extends LayerOptions {
  /** Default `linear`. */
  readonly activation?: ActivationChoice;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default `glorotUniform`. */
  readonly kernelInitializer?: Initializer;
  /** Default `zeros`. */
  readonly biasInitializer?: Initializer;
  readonly kernelRegularizer?: RegularizerChoice;
  readonly biasRegularizer?: RegularizerChoice;
  /** Penalty on the layer's output, divided by the batch size. */
  readonly activityRegularizer?: RegularizerChoice;
}

/** activation(x·kernel + bias): kernel [inputs, units], bias [units]. Acts on the last axis. */
export class Dense extends Layer {
  override readonly type = 'dense';
  override readonly replayable = true;
  readonly units: number;
  readonly options: DenseOptions;
  readonly activation: ActivationSpec;

  constructor(units: number, options: DenseOptions = {}) {
    super(options);
    checkRange('Dense', 'units', units, 'a positive integer');
    this.units = units;
    this.options = ownCopy(options);
    this.activation = activationSpec(options.activation);
  }

  override get outputActivation(): ActivationSpec {
    return this.activation;
  }

  get kernel(): Tensor {
    return this.parameter('kernel').value;
  }

  /** Null without bias. */
  get bias(): Tensor | null {
    return this.options.useBias === false ? null : this.parameter('bias').value;
  }

  override build(inputShape: Shape, { seed, dtype, blank = false }: BuildContext): Shape {
    const inputs = inputShape.at(-1);
    if (inputs === undefined) throw new ShapeError('Dense', [inputShape], `layer ${this.name} needs at least one axis`);
    const make = (
      purpose: string,
      shape: Shape,
      choice: Initializer,
      rule: RegularizerChoice | undefined,
    ): Parameter => {
      const random = new Random(seed, `${this.name}/${purpose}`);
      // A copy: a function may hand out one tensor twice, as to a layer and its clone.
      const value = parameter(keep(initializer(blank ? 'zeros' : choice)(shape, random, dtype)));
      return new Parameter(`${this.name}/${purpose}`, value, regularizer(rule));
    };
    const { kernelInitializer = 'glorotUniform', biasInitializer = 'zeros', ...rest } = this.options;
    this.weights = [make('kernel', [inputs, this.units], kernelInitializer, rest.kernelRegularizer)];
    if (rest.useBias !== false) this.weights.push(make('bias', [this.units], biasInitializer, rest.biasRegularizer));
    return [...inputShape.slice(0, -1), this.units];
  }

  override call(x: Tensor, context: CallContext): Tensor {
    const fused = this.activation.name === 'relu' && !context.logits;
    const z = dense(x, this.kernel, this.bias, fused ? 'relu' : 'linear');
    const y = fused || context.logits ? z : activate(this.activation, z);
    const activity = regularizer(this.options.activityRegularizer);
    if (activity !== null) {
      const output = context.logits ? activate(this.activation, z) : y;
      context.penalties.push(mul(penalty(output, activity), 1 / x.shape[0]!));
    }
    return y;
  }

  override clone(): Dense {
    return new Dense(this.units, this.options);
  }
}

/** An activation as a layer of its own. */
export class Activation extends Layer {
  override readonly type = 'activation';
  override readonly replayable = true;
  readonly activation: ActivationSpec;
  readonly options: LayerOptions;

  constructor(activation: ActivationChoice, options: LayerOptions = {}) {
    super(options);
    this.options = ownCopy(options);
    this.activation = activationSpec(activation);
  }

  override get outputActivation(): ActivationSpec {
    return this.activation;
  }

  override build(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor, context: CallContext): Tensor {
    return context.logits ? x : activate(this.activation, x);
  }

  override clone(): Activation {
    return new Activation(this.activation, this.options);
  }
}

export interface DropoutOptions extends LayerOptions {
  /** Drop in `predict` and `evaluate` too (Gal & Ghahramani 2016). Default false. */
  readonly training?: boolean;
}

/** Inverted dropout: in training each input is 0 with probability `rate`, else divided by 1 - rate. */
export class Dropout extends Layer {
  override readonly type = 'dropout';
  override readonly replayable = true;
  readonly rate: number;
  readonly options: DropoutOptions;
  private random: Random | null = null;

  constructor(rate: number, options: DropoutOptions = {}) {
    super(options);
    checkRange('Dropout', 'rate', rate, 'between 0 and 1');
    this.rate = rate;
    this.options = ownCopy(options);
  }

  override build(inputShape: Shape, { seed }: BuildContext): Shape {
    this.random = new Random(seed, `${this.name}/dropout`);
    return inputShape;
  }

  override acts(training: boolean): boolean {
    return this.rate > 0 && (training || this.options.training === true);
  }

  override call(x: Tensor, context: CallContext): Tensor {
    const { random } = this;
    if (random === null) throw new StateError('Dropout', `layer ${this.name} is not built yet`);
    if (!context.training && this.options.training !== true) return x;
    eachTime(() => {
      random.step = context.step;
    });
    return dropout(x, this.rate, random);
  }

  override clone(): Dropout {
    return new Dropout(this.rate, this.options);
  }
}

/** [batch, ...] to [batch, product of ...]. */
export class Flatten extends Layer {
  override readonly type = 'flatten';
  override readonly replayable = true;
  readonly options: LayerOptions;

  constructor(options: LayerOptions = {}) {
    super(options);
    this.options = ownCopy(options);
  }

  override build(inputShape: Shape): Shape {
    return [size('Flatten', inputShape)];
  }

  override call(x: Tensor): Tensor {
    return reshape(x, [x.shape[0]!, size('Flatten', x.shape.slice(1))]);
  }

  override clone(): Flatten {
    return new Flatten(this.options);
  }
}
