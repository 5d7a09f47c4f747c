import { checkFlag, checkRange, checkText, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { type Shape, sameShape } from '../base/shape.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import type { Attributes, Op } from '../graph/graph.ts';
import { nodeOf } from '../graph/rewrite.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type ActivationChoice, activationSpec } from './activations.ts';
import { columnsOf, firstSteps } from './fake.ts';
import type { Pass } from './forward.ts';
import type { BuildContext, Lowering } from './lowering.ts';
import type { Parameter } from './parameter.ts';
import { type Regularizer, type RegularizerChoice, regularizer } from './regularizers.ts';
import { checkRules, type RulesOf, type WeightRules, weightRule } from './rules.ts';
import { checkSample, SymbolicTensor, type Symbols, sampleOf, symbolsOf } from './symbolic.ts';

/** What a layer of your own is told on each call. */
export type CallContext = Pass;

/**
 * A step of a network. Layers are made by the user and named, built and called by the model that holds them.
 *
 * @example
 * class Doubled extends Layer {
 *   readonly type = 'doubled';
 *   override build(shape: Shape) { return shape; }
 *   override call(t: Tensor) { return mul(t, 2); }
 *   clone() { return new Doubled(); }
 * }
 * new Sequential([new Doubled()]).predict([[1, 2]]); // [[2. 4.]]
 */
export abstract class Layer {
  abstract readonly type: string;
  /** Unique in its model; chosen by the model when empty. */
  name: string;
  /** Whether training changes the weights. Default true. */
  trainable = true;
  /** Whether training moves running statistics; else they stay, and what they are for is done by them. Default true. */
  movesStatistics = true;
  /** Layers that this one consists of. */
  get inner(): readonly Layer[] {
    return [];
  }

  /** Shape of one sample, for the first layer of a model. */
  readonly inputShape: Shape | undefined;
  /**
   * Whether a recorded step may be repeated without calling the layer again: `call` consists of operations on tensors
   * alone, the same ones each time. Those of this library say so; a layer of your own has to. Default false.
   */
  readonly replayable: boolean = false;
  /** Whether it reads whole numbers, int32, from the input of the model that it stands at. Default false. */
  readonly readsIntegers: boolean = false;

  constructor(options: LayerOptions = {}) {
    const { name = '' } = options;
    checkText(new.target.name, 'name', name);
    if (options.inputShape !== undefined) checkSample(new.target.name, 'inputShape', options.inputShape);
    this.name = name;
    this.inputShape = ownCopy(options).inputShape;
  }

  weights: Parameter[] = [];
  /** Of its options: null for a layer that has none of these. */
  get rules(): WeightRules | null {
    return null;
  }

  private builtFor: { readonly input: Shape; readonly output: Shape } | null = null;

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

  /**
   * Adds the layer's operations on values to a network and returns the name of the value that it gives. A layer of your own
   * either has `build` and `call`, and can compute anything with tensors, or this alone, made of the operations that there
   * are, and can then be stored, quantized and run as a program.
   */
  lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const shape = at.shapeOf(input);
    if (at.applied.has(this)) {
      if (!sameShape(shape, this.builtFor!.input))
        throw new ShapeError('apply', [this.builtFor!.input, shape], `layer ${this.name} is for samples of one shape`);
    } else {
      this.builtFor = { input: shape, output: this.build(shape, at.context) };
      for (const weight of this.weights) at.adopt(this.name, weight);
    }
    const keys = Object.fromEntries(this.weights.map(({ name }, i) => [String(i), name]));
    return at.node('custom', at.name, [input], { type: this.type, outputShape: this.builtFor!.output }, keys);
  }

  /** The input of a layer that has one. */
  protected only(inputs: readonly string[]): string {
    const [input] = inputs;
    if (input === undefined || inputs.length > 1)
      throw new ValueError(
        'apply',
        `the number of inputs of layer ${this.name} (${this.type})`,
        '1 (Concat or Add makes one of several)',
        inputs.length,
      );
    return input;
  }

  /** What the layer gives for a value, or for several that it joins, in a model that is being described. */
  apply(x: Symbols): SymbolicTensor {
    return new SymbolicTensor(this, symbolsOf('apply', 'x', x));
  }

  /** Makes the weights for samples of `inputShape` and returns the shape of one output sample. */
  build(_inputShape: Shape, _context: BuildContext): Shape {
    throw new StateError(
      this.type,
      `layer ${this.name} has neither lower() nor build(): build() makes the weights and returns the shape of an output`,
    );
  }

  call(_x: Tensor, _context: CallContext): Tensor {
    throw new StateError(this.type, `layer ${this.name} has no call(): it runs as a part of a model`);
  }

  /** A new unbuilt layer with the same options. */
  abstract clone(): Layer;
}

export interface LayerOptions {
  readonly name?: string;
  readonly inputShape?: Shape;
}

/** Their names, as `checkOptions` takes them. A layer asks it for objects of its own class alone: another may have options of its own. */
export const LAYER_OPTIONS = 'name inputShape';

/** The options as they are now: what the caller does to their objects afterwards changes no layer. */
function ownCopy<T extends LayerOptions>(options: T): T {
  return Array.isArray(options.inputShape) ? { ...options, inputShape: [...options.inputShape] } : { ...options };
}

/** Options of layers with a kernel. It begins by `glorotUniform` unless they say another, the bias with `zeros`. */
export interface KernelOptions extends LayerOptions, RulesOf<'kernel' | 'bias'> {
  /** Default `linear`. */
  readonly activation?: ActivationChoice;
  /** Default true. */
  readonly useBias?: boolean;
  /** Penalty on the layer's output, divided by the batch size. */
  readonly activityRegularizer?: RegularizerChoice;
  /**
   * From 2 to 8: the kernel is read as the nearest whole numbers of so many bits, times a scale for each unit (one for all of a
   * transposed convolution), and gradients pass through the rounding. The weights themselves stay real numbers. `prepareQAT`
   * sets it. Default: they are read as they are.
   */
  readonly kernelBits?: number;
  /** With `kernelBits`: these scales are trained (Esser et al. 2019), not those of the largest weights. Default false. */
  readonly learnedStep?: boolean;
}

export const KERNEL_OPTIONS =
  'name inputShape kernelInitializer kernelRegularizer kernelConstraint biasInitializer biasRegularizer biasConstraint activation useBias activityRegularizer kernelBits learnedStep';

/** A layer that multiplies by a kernel, adds a bias and ends in an activation. */
export abstract class KernelLayer<O extends KernelOptions = KernelOptions> extends Layer {
  override readonly replayable = true;
  readonly options: O;
  readonly activation: ActivationSpec;

  /** `options` are the layer's own from here on. */
  constructor(op: string, options: O) {
    super(options);
    const { useBias = true, kernelBits, learnedStep = false } = options;
    checkFlag(op, 'useBias', useBias);
    checkFlag(op, 'learnedStep', learnedStep);
    if (kernelBits !== undefined && !(Number.isInteger(kernelBits) && kernelBits >= 2 && kernelBits <= 8))
      throw new ValueError(op, 'kernelBits', 'an integer from 2 to 8', kernelBits);
    if (learnedStep && kernelBits === undefined)
      throw new ValueError(op, 'learnedStep', 'false without kernelBits, whose scales it trains', learnedStep);
    checkRules(options);
    this.options = options;
    this.activation = activationSpec(options.activation);
  }

  override get rules(): WeightRules {
    return this.options;
  }

  get kernel(): Tensor {
    return this.parameter('kernel').value;
  }

  /** Null without bias. */
  get bias(): Tensor | null {
    return this.options.useBias === false ? null : this.parameter('bias').value;
  }

  /**
   * Adds the operation with its weights, a kernel and a bias of so many units, and the penalty on what it gives. `drawnAs` is
   * the shape by whose fans the kernel begins, the same memory; its own if left out.
   */
  protected weighted<K extends Op>(
    at: Lowering,
    op: K,
    input: string,
    attrs: Attributes[K],
    [shape, units, drawnAs = shape]: readonly [kernel: Shape, units: number, drawnAs?: Shape],
  ): string {
    const { name, options, rules } = this;
    const begins = { ...weightRule(rules, 'kernel', 'glorotUniform'), drawnAs, kernel: shape };
    const kernel = at.weight(name, 'kernel', shape, begins);
    const bias = (): string =>
      at.weight(name, 'bias', [units], { ...weightRule(rules, 'bias', 'zeros'), kernel: shape });
    const weights: Record<string, string> = options.useBias === false ? { kernel } : { kernel, bias: bias() };
    const { kernelBits } = options;
    if (options.learnedStep === true) weights.steps = this.stepsOf(at, columnsIn(op, shape));
    this.weights = Object.values(weights).map((key) => at.weights.get(key)!);
    const own = kernelBits === undefined ? attrs : { ...attrs, kernelBits };
    const y = at.node(op, at.name, [input], own, weights);
    const activity = regularizer(options.activityRegularizer);
    return activity === null ? y : at.node('activityRegularization', at.take(`${at.name}/activity`), [y], activity);
  }

  /** The key of the scales of whole numbers, made by the kernel as it begins. */
  private stepsOf(at: Lowering, columns: number): string {
    const isNew = !at.weights.has(`${this.name}/steps`);
    const key = at.weight(this.name, 'steps', [columns], { initializer: 'ones' });
    if (isNew && at.context.blank !== true) {
      const kernel = at.weights.get(`${this.name}/kernel`)!.value.storage.array as Float32Array;
      at.weights.get(key)!.value.storage.array.set(firstSteps(kernel, columns, this.options.kernelBits!));
    }
    return key;
  }
}

/** How many scales a kernel of whole numbers has. */
const columnsIn = (op: Op, kernel: Shape): number => columnsOf(nodeOf(op, '', [], {} as never), kernel);

export type DenseOptions = KernelOptions;

/**
 * activation(x·kernel + bias): kernel [inputs, units], bias [units]. Acts on the last axis.
 *
 * @example
 * const layer = new Dense(1, { activation: 'relu', kernelInitializer: 'ones', biasInitializer: constant(-4) });
 * new Sequential([layer]).predict([[1, 2], [3, 4]]); // [[0.] [3.]]
 */
export class Dense extends KernelLayer {
  override readonly type = 'dense';
  readonly units: number;

  constructor(units: number, options: DenseOptions = {}) {
    if (new.target === Dense)
      checkOptions('Dense', options, KERNEL_OPTIONS, 'How many inputs there are it learns from its samples');
    super('Dense', ownCopy(options));
    checkRange('Dense', 'units', units, 'a positive integer');
    this.units = units;
  }

  override lower(at: Lowering, inputsOf: readonly string[]): string {
    const input = this.only(inputsOf);
    const shape = at.shapeOf(input);
    const inputs = shape.at(-1);
    if (inputs === undefined) throw new ShapeError('Dense', [shape], `layer ${this.name} needs at least one axis`);
    const { activation, units } = this;
    return this.weighted(at, 'dense', input, { activation }, [[inputs, units], units]);
  }

  override clone(): Dense {
    return new Dense(this.units, this.options);
  }
}

/**
 * An activation as a layer of its own.
 *
 * @example
 * const chain = new Sequential([new Dense(8, { useBias: false }), new BatchNorm(), new Activation('relu')]);
 * min(chain.predict(x)).item(); // 0
 */
export class Activation extends Layer {
  override readonly type = 'activation';
  override readonly replayable = true;
  readonly activation: ActivationSpec;
  readonly options: LayerOptions;

  constructor(activation: ActivationChoice, options: LayerOptions = {}) {
    if (new.target === Activation) checkOptions('Activation', options, LAYER_OPTIONS);
    super(options);
    this.options = ownCopy(options);
    this.activation = activationSpec(activation);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    return at.node('activation', at.name, [this.only(inputs)], { activation: this.activation });
  }

  override clone(): Activation {
    return new Activation(this.activation, this.options);
  }
}

export interface DropoutOptions extends LayerOptions {
  /**
   * Drop in `predict` and `evaluate` too (Gal & Ghahramani 2016), which draw by the model's steps: the same each time until
   * it trains. `forward(x, { step })` draws by another number. Default false.
   */
  readonly training?: boolean;
  /**
   * What is drawn for a sample: its shape, with 1 along axes whose numbers are kept or dropped together. Of `Dropout` alone.
   * Keras's null for the samples may stand before it.
   * Default: the shape of the samples, each number for itself.
   */
  readonly noiseShape?: Shape | readonly [batch: null, ...sample: number[]];
}

const DROPOUT_OPTIONS = `${LAYER_OPTIONS} training noiseShape`;
const SPATIAL_OPTIONS = `${LAYER_OPTIONS} training`;

/**
 * Inverted dropout: in training each input is 0 with probability `rate`, else divided by 1 - rate.
 *
 * @example
 * const chain = new Sequential([new Dropout(0.5)], { seed: 1 });
 * chain.predict([[1, 1, 1, 1, 1, 1]]); // [[1. 1. 1. 1. 1. 1.]]
 * chain.forward(ones([1, 6]), { training: true }); // [[2. 2. 0. 0. 0. 2.]]
 */
export class Dropout extends Layer {
  override readonly type: string = 'dropout';
  override readonly replayable = true;
  /** What tells the node from that of a plain one. */
  protected readonly mark: { readonly spatial?: true } = {};
  readonly rate: number;
  readonly options: DropoutOptions;
  private readonly noiseShape: Shape | undefined;

  constructor(rate: number, options: DropoutOptions = {}) {
    if (new.target === Dropout) checkOptions('Dropout', options, DROPOUT_OPTIONS);
    super(options);
    const { training = false } = options;
    const op = this instanceof SpatialDropout2D ? 'SpatialDropout2D' : 'Dropout';
    checkFlag(op, 'training', training);
    checkRange(op, 'rate', rate, 'between 0 and 1');
    this.rate = rate;
    const { noiseShape: given } = options;
    this.noiseShape = given === undefined ? given : sampleOf(op, 'noiseShape', given);
    this.options = { ...ownCopy(options), ...(given !== undefined && { noiseShape: this.noiseShape! }) };
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const { rate, options, mark, noiseShape } = this;
    const { training = false } = options;
    const own = { rate, training, ...(noiseShape !== undefined && { noiseShape }), ...mark };
    return at.node('dropout', at.name, [this.only(inputs)], own);
  }

  override clone(): Dropout {
    return new Dropout(this.rate, this.options);
  }
}

/**
 * Dropout of whole channels of samples [height, width, channels]: one draw decides for all places (Tompson et al. 2015). Throws
 * ValueError for a rate outside 0 to 1; where it is built, ShapeError for other samples.
 *
 * @example
 * const chain = new Sequential([new SpatialDropout2D(0.5)], { seed: 2 });
 * chain.forward(ones([1, 2, 1, 4]), { training: true }); // [[[[0. 2. 2. 0.]] [[0. 2. 2. 0.]]]]
 */
export class SpatialDropout2D extends Dropout {
  override readonly type: string = 'spatialDropout2D';
  protected override readonly mark = { spatial: true } as const;

  constructor(rate: number, options: Omit<DropoutOptions, 'noiseShape'> = {}) {
    if (new.target === SpatialDropout2D) checkOptions('SpatialDropout2D', options, SPATIAL_OPTIONS);
    super(rate, options);
  }

  override clone(): SpatialDropout2D {
    return new SpatialDropout2D(this.rate, this.options);
  }
}

/**
 * Gives on what it reads, and adds l1·Σ|x| + l2·Σx², divided by the batch size, to the loss, in `evaluate` too.
 *
 * @example
 * const chain = new Sequential([new ActivityRegularization(l1(0.25))]);
 * chain.compile({ loss: 'mse' });
 * chain.evaluate([[1, -3]], [[1, -3]]); // { loss: 1 }
 */
export class ActivityRegularization extends Layer {
  override readonly type = 'activityRegularization';
  override readonly replayable = true;
  readonly penalty: Regularizer;
  readonly options: LayerOptions;

  constructor(penalty: RegularizerChoice, options: LayerOptions = {}) {
    if (new.target === ActivityRegularization) checkOptions('ActivityRegularization', options, LAYER_OPTIONS);
    super(options);
    this.options = ownCopy(options);
    this.penalty = regularizer(penalty)!;
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    return at.node('activityRegularization', at.name, [this.only(inputs)], this.penalty);
  }

  override clone(): ActivityRegularization {
    return new ActivityRegularization(this.penalty, this.options);
  }
}

/**
 * [batch, ...] to [batch, product of ...].
 *
 * @example
 * const chain = new Sequential([new Flatten(), new Dense(3, { activation: 'softmax' })]);
 * chain.predict(images).shape; // [ 40, 3 ]
 * chain.shapeAfter(0); // [ 64 ]
 */
export class Flatten extends Layer {
  override readonly type = 'flatten';
  override readonly replayable = true;
  readonly options: LayerOptions;

  constructor(options: LayerOptions = {}) {
    if (new.target === Flatten) checkOptions('Flatten', options, LAYER_OPTIONS);
    super(options);
    this.options = ownCopy(options);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    return at.node('flatten', at.name, [this.only(inputs)], {});
  }

  override clone(): Flatten {
    return new Flatten(this.options);
  }
}
