import { checkRange, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import type { Shape } from '../base/shape.ts';
import { type Padding, perAxis, type Steps, stepsOf } from '../base/window.ts';
import { KERNEL_OPTIONS, KernelLayer, type KernelOptions, Layer } from './layers.ts';
import type { Lowering } from './lowering.ts';
import { checkRules, type RulesOf, renamed, type WeightRules } from './rules.ts';
import { type Axes, channelsOf, checkWindow, copied } from './sample-axes.ts';

/** Options of layers whose kernel goes over images or sequences, by Keras's names. A number counts for every axis. */
export interface StridedOptions extends KernelOptions {
  /** From one position of the kernel to the next. Default 1. */
  readonly strides?: number | readonly number[];
  /** Zeros around the samples: `valid` (default) none, `same` (TensorFlow's), or a pair [before, behind] an axis. */
  readonly padding?: Padding;
}

const STRIDED_OPTIONS = `${KERNEL_OPTIONS} strides padding`;

interface DilatedOptions extends StridedOptions {
  /** From one tap of the kernel to the next. Default 1. */
  readonly dilationRate?: number | readonly number[];
}

/** What other layers say of a `kernel` is said of `depthwise` here, as in Keras. */
export interface DepthwiseOptions extends Omit<DilatedOptions, keyof RulesOf<'kernel'>>, RulesOf<'depthwise'> {
  /** Units for each channel. Default 1. */
  readonly depthMultiplier?: number;
}

const DEPTHWISE_OPTIONS =
  'name inputShape strides padding dilationRate depthMultiplier activation useBias activityRegularizer kernelBits learnedStep biasInitializer biasRegularizer biasConstraint depthwiseInitializer depthwiseRegularizer depthwiseConstraint';

export interface ConvolutionOptions extends DilatedOptions {
  /** Parts of the channels, and of the filters that read them alone. Default 1. */
  readonly groups?: number;
}

const CONVOLUTION_OPTIONS = `${STRIDED_OPTIONS} dilationRate groups`;

/**
 * The shape by whose fans a kernel of a convolution is drawn. A depthwise one, with as many groups as channels, has Keras's
 * [..., channels, multiplier] for that, which is the same memory.
 */
const drawnAs = (taps: Shape, channels: number, groups: number, units: number): Shape =>
  groups === channels ? [...taps, channels, units / groups] : [...taps, channels / groups, units];

const STRIDES = 'Write { strides: $ }';
const OWN_FILTERS =
  'It takes no filters: DepthwiseConv2D(kernelSize, { depthMultiplier }) gives depthMultiplier units for each channel';

/** What Conv2D, Conv1D and DepthwiseConv2D share. */
abstract class Convolution<O extends Omit<DilatedOptions, keyof RulesOf<'kernel'>>> extends KernelLayer<O> {
  readonly kernelSize: readonly number[];
  readonly steps: Steps;
  protected readonly op: string;
  private readonly axes: Axes;

  constructor(op: string, axes: Axes, kernelSize: number | readonly number[], options: O) {
    super(op, copied(options));
    this.op = op;
    this.axes = axes;
    this.kernelSize = [...perAxis(op, 'kernelSize', kernelSize, axes)];
    const { strides = 1, padding = 'valid', dilationRate = 1 } = this.options;
    this.steps = {
      ...stepsOf(op, axes, { strides, padding }),
      dilations: perAxis(op, 'dilationRate', dilationRate, axes),
    };
  }

  /** How many parts `channels` have, and the number of units. Throws for channels that do not fit. */
  protected abstract split(channels: number, shape: Shape): readonly [groups: number, units: number];

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const shape = at.shapeOf(input);
    const channels = channelsOf(this.op, this.name, this.axes, at, input);
    const [groups, units] = this.split(channels, shape);
    const { activation, kernelSize, steps } = this;
    checkWindow(this.op, this.name, shape, kernelSize, steps);
    const kernel = [...kernelSize, channels / groups, units];
    const attrs = { activation, ...steps, groups };
    const begins = drawnAs(kernelSize, channels, groups, units);
    return this.weighted(at, 'conv', input, attrs, [kernel, units, begins]);
  }
}

abstract class Filtering extends Convolution<ConvolutionOptions> {
  readonly filters: number;

  constructor(
    op: string,
    axes: Axes,
    filters: number,
    kernelSize: number | readonly number[],
    options: ConvolutionOptions,
  ) {
    const ours: readonly unknown[] = [Conv2D, Conv1D];
    if (ours.includes(new.target)) checkOptions(op, options, CONVOLUTION_OPTIONS, STRIDES);
    checkRange(op, 'filters', filters, 'a positive integer');
    super(op, axes, kernelSize, options);
    const { groups = 1 } = options;
    checkRange(op, 'groups', groups, 'a positive integer');
    if (filters % groups !== 0) throw new ValueError(op, 'groups', `a divisor of the ${filters} filters`, groups);
    this.filters = filters;
  }

  protected override split(channels: number, shape: Shape): readonly [groups: number, units: number] {
    const { groups = 1 } = this.options;
    if (channels % groups === 0) return [groups, this.filters];
    const problem = `layer ${this.name} cannot part ${channels} channels into ${groups} groups`;
    throw new ShapeError(this.op, [shape], problem);
  }
}

/**
 * A convolution of images [height, width, channels]: activation(Σ x·kernel + bias), kernel [kernelHeight, kernelWidth,
 * channels/groups, filters]. With as many groups as channels it is a DepthwiseConv2D, as which files give it back. Throws
 * ValueError for options that cannot be; where it is built, ShapeError for samples that are no images, channels that `groups`
 * do not part, and a window that does not fit.
 *
 * @example
 * const layer = new Conv2D(16, 3, { strides: 2, padding: 'same', activation: 'relu' });
 * new Sequential([layer]).predict(images).shape; // [ 40, 4, 4, 16 ]
 * layer.kernel.shape; // [ 3, 3, 1, 16 ]
 */
export class Conv2D extends Filtering {
  override readonly type = 'conv2D';

  constructor(filters: number, kernelSize: number | readonly number[], options: ConvolutionOptions = {}) {
    super('Conv2D', 2, filters, kernelSize, options);
  }

  override clone(): Conv2D {
    return new Conv2D(this.filters, this.kernelSize, this.options);
  }
}

/**
 * A convolution of sequences [length, channels]: kernel [kernelSize, channels/groups, filters]. Throws as `Conv2D`.
 *
 * @example
 * const means = new Conv1D(1, 2, { kernelInitializer: constant(0.5) });
 * new Sequential([means]).predict([[[1], [3], [5]]]); // [[[2.] [4.]]]
 */
export class Conv1D extends Filtering {
  override readonly type = 'conv1D';

  constructor(filters: number, kernelSize: number | readonly number[], options: ConvolutionOptions = {}) {
    super('Conv1D', 1, filters, kernelSize, options);
  }

  override clone(): Conv1D {
    return new Conv1D(this.filters, this.kernelSize, this.options);
  }
}

/**
 * Each channel of images by itself, `depthMultiplier` units from each (Howard et al. 2017, section 3.1). Its kernel is Keras's
 * [kernelHeight, kernelWidth, channels, depthMultiplier] in memory and by its fans; its shape is that of a Conv2D with as
 * many groups as channels, [kernelHeight, kernelWidth, 1, channels·depthMultiplier]. Throws as `Conv2D`.
 *
 * @example
 * const layer = new DepthwiseConv2D(3, { depthMultiplier: 2 });
 * new Sequential([layer]).predict(images).shape; // [ 40, 6, 6, 2 ]
 * layer.kernel.shape; // [ 3, 3, 1, 2 ]
 */
export class DepthwiseConv2D extends Convolution<DepthwiseOptions> {
  override readonly type = 'depthwiseConv2D';
  readonly depthMultiplier: number;

  constructor(kernelSize: number | readonly number[], options: DepthwiseOptions = {}) {
    if (new.target === DepthwiseConv2D) checkOptions('DepthwiseConv2D', options, DEPTHWISE_OPTIONS, OWN_FILTERS);
    super('DepthwiseConv2D', 2, kernelSize, options);
    const { depthMultiplier = 1 } = options;
    checkRange('DepthwiseConv2D', 'depthMultiplier', depthMultiplier, 'a positive integer');
    this.depthMultiplier = depthMultiplier;
  }

  override get rules(): WeightRules {
    return { ...this.options, ...renamed(this.options, 'depthwise', 'kernel') };
  }

  protected override split(channels: number, shape: Shape): readonly [groups: number, units: number] {
    if (channels > 0) return [channels, channels * this.depthMultiplier];
    throw new ShapeError('DepthwiseConv2D', [shape], `layer ${this.name} needs channels`);
  }

  override clone(): DepthwiseConv2D {
    return new DepthwiseConv2D(this.kernelSize, this.options);
  }
}

/**
 * A transposed convolution of images [height, width, channels], by Keras's sizes: kernel [kernelHeight, kernelWidth, filters,
 * channels], every number adds its multiple of the kernel to the result. `same` gives height·stride rows. Throws as `Conv2D`.
 *
 * @example
 * const larger = new Conv2DTranspose(4, 3, { strides: 2, padding: 'same' });
 * new Sequential([larger]).predict(images).shape; // [ 40, 16, 16, 4 ]
 */
export class Conv2DTranspose extends KernelLayer<StridedOptions> {
  override readonly type = 'conv2DTranspose';
  readonly filters: number;
  readonly kernelSize: readonly number[];
  readonly steps: Steps;

  constructor(filters: number, kernelSize: number | readonly number[], options: StridedOptions = {}) {
    const op = 'Conv2DTranspose';
    if (new.target === Conv2DTranspose) checkOptions(op, options, STRIDED_OPTIONS, STRIDES);
    super(op, copied(options));
    checkRange(op, 'filters', filters, 'a positive integer');
    this.filters = filters;
    this.kernelSize = [...perAxis(op, 'kernelSize', kernelSize, 2)];
    const { strides = 1, padding = 'valid' } = this.options;
    this.steps = stepsOf(op, 2, { strides, padding });
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const channels = channelsOf('Conv2DTranspose', this.name, 2, at, input);
    const { activation, filters, kernelSize } = this;
    const { strides, padding } = this.steps;
    const kernel = [...kernelSize, filters, channels];
    return this.weighted(at, 'convTranspose', input, { activation, strides, padding }, [kernel, filters]);
  }

  override clone(): Conv2DTranspose {
    return new Conv2DTranspose(this.filters, this.kernelSize, this.options);
  }
}

/** Both kernels begin by `glorotUniform` unless the options say another. */
export interface SeparableOptions extends DepthwiseOptions, RulesOf<'pointwise'> {}

const SEPARABLE_OPTIONS = `${DEPTHWISE_OPTIONS} pointwiseInitializer pointwiseRegularizer pointwiseConstraint` as const;

/**
 * Two layers: each channel by itself, then a 1×1 convolution with bias and activation, `<name>/depthwise` and
 * `<name>/pointwise` (Chollet 2017). Files give these two back. Throws as `Conv2D`.
 *
 * @example
 * new Sequential([new SeparableConv2D(16, 3, { inputShape: [8, 8, 8] })]).parameterCount; // 216
 * new Sequential([new Conv2D(16, 3, { inputShape: [8, 8, 8] })]).parameterCount; // 1168
 */
export class SeparableConv2D extends Layer {
  override readonly type = 'separableConv2D';
  override readonly replayable = true;
  readonly filters: number;
  readonly kernelSize: readonly number[];
  readonly options: SeparableOptions;
  private readonly parts: readonly [DepthwiseConv2D, Conv2D];

  constructor(filters: number, kernelSize: number | readonly number[], options: SeparableOptions = {}) {
    const op = 'SeparableConv2D';
    if (new.target === SeparableConv2D) checkOptions(op, options, SEPARABLE_OPTIONS, STRIDES);
    super(options);
    checkRules(options);
    checkRange(op, 'filters', filters, 'a positive integer');
    this.filters = filters;
    this.kernelSize = [...perAxis(op, 'kernelSize', kernelSize, 2)];
    this.options = copied(options);
    const { strides, padding, dilationRate, depthMultiplier } = this.options;
    const { activation, useBias, activityRegularizer } = this.options;
    const { biasInitializer, biasRegularizer, biasConstraint } = this.options;
    const { kernelBits, learnedStep } = this.options;
    const whole = { kernelBits, learnedStep };
    const window = { strides, padding, dilationRate, depthMultiplier, useBias: false, ...whole };
    const end = {
      activation,
      useBias,
      activityRegularizer,
      biasInitializer,
      biasRegularizer,
      biasConstraint,
      ...whole,
    };
    this.parts = [
      new DepthwiseConv2D(
        kernelSize,
        defined({ name: 'depthwise', ...window, ...renamed(this.options, 'depthwise', 'depthwise') }),
      ),
      new Conv2D(filters, 1, defined({ name: 'pointwise', ...end, ...renamed(this.options, 'pointwise', 'kernel') })),
    ];
  }

  override get inner(): readonly Layer[] {
    return this.parts;
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const [depthwise, pointwise] = this.parts;
    return at.apply(pointwise, [at.apply(depthwise, [input])]);
  }

  override clone(): SeparableConv2D {
    const made = new SeparableConv2D(this.filters, this.kernelSize, this.options);
    for (const [i, { trainable }] of this.parts.entries()) made.parts[i]!.trainable = trainable;
    return made;
  }
}
