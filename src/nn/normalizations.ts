import { checkFlag, checkOneOf, checkRange, ShapeError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Initializer } from './initializers.ts';
import { Layer, type LayerOptions } from './layers.ts';
import type { Lowering } from './lowering.ts';
import { checkRules, type RulesOf, renamed, type WeightRules, weightRule } from './rules.ts';
import { copied } from './sample-axes.ts';

/** Gamma begins with ones unless the options say another, beta with zeros. */
export interface LayerNormOptions extends LayerOptions, RulesOf<'gamma' | 'beta'> {
  /** Added to the variance. Default 1e-3, Keras's; PyTorch's is 1e-5. */
  readonly epsilon?: number;
  /** Multiply by gamma [channels]. Default true. */
  readonly scale?: boolean;
  /** Add beta [channels]. Default true. */
  readonly center?: boolean;
}

const NORM_OPTIONS =
  'name inputShape gammaInitializer gammaRegularizer gammaConstraint betaInitializer betaRegularizer betaConstraint epsilon scale center';

const ITS_SAMPLES = 'How many channels there are it learns from its samples';

export interface BatchNormOptions extends LayerNormOptions {
  /**
   * Whose words and defaults: `keras` (default), momentum 0.99, epsilon 1e-3 and the running variance by n, or `pytorch`,
   * momentum 0.1, epsilon 1e-5 and the running variance by n - 1.
   */
  readonly convention?: 'keras' | 'pytorch';
  /**
   * From 0 to 1: what the running statistics before a step count in those after it, or by the convention of PyTorch what the
   * step's own count.
   */
  readonly momentum?: number;
  /** How the running mean begins. Default `zeros`. */
  readonly movingMeanInitializer?: Initializer;
  /** How the running variance begins. Default `ones`. */
  readonly movingVarianceInitializer?: Initializer;
}

const BATCH_NORM_OPTIONS =
  `${NORM_OPTIONS} convention momentum movingMeanInitializer movingVarianceInitializer` as const;

/** A layer that normalizes along the last axis, with a factor and a term for each channel. */
abstract class Normalization<O extends LayerNormOptions> extends Layer {
  override readonly replayable = true;
  readonly options: O;
  readonly epsilon: number;

  constructor(op: string, options: O, usual: number) {
    super(options);
    checkRules(options);
    this.options = copied(options);
    const { epsilon = usual, scale = true, center = true } = options;
    checkRange(op, 'epsilon', epsilon, 'at least 0');
    checkFlag(op, 'scale', scale);
    checkFlag(op, 'center', center);
    this.epsilon = epsilon;
  }

  override get rules(): WeightRules {
    return this.options;
  }

  /** Keys of gamma and beta, those that there are, for samples of so many channels. */
  protected scales(at: Lowering, channels: number): Record<string, string> {
    const { name, options } = this;
    const keys: Record<string, string> = {};
    if (options.scale !== false)
      keys.gamma = at.weight(name, 'gamma', [channels], weightRule(options, 'gamma', 'ones'));
    if (options.center !== false) keys.beta = at.weight(name, 'beta', [channels], weightRule(options, 'beta', 'zeros'));
    return keys;
  }

  protected channelsAt(at: Lowering, input: string): number {
    const shape = at.shapeOf(input);
    const channels = shape.at(-1);
    if (channels === undefined)
      throw new ShapeError(this.constructor.name, [shape], `layer ${this.name} needs at least one axis`);
    return channels;
  }

  protected adopt(at: Lowering, keys: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    this.weights = Object.values(keys).map((key) => at.weights.get(key)!);
    return keys;
  }
}

/**
 * (x - mean)/√(variance + epsilon)·gamma + beta for each channel, the last axis (Ioffe & Szegedy 2015): in training by the
 * mean and variance of the batch and all places of its samples, which move the running ones, else by the running ones. So
 * does a layer with `trainable = false`, which moves none. A pass in training moves them wherever it is made, in `forward` too;
 * a layer that is applied twice moves them twice. A batch of one number a channel gives beta, and leaves the running variance
 * by n - 1 as it was. Throws ValueError for options that cannot be; where it is built, ShapeError for samples without an axis.
 *
 * @example
 * const net = new Sequential([new BatchNorm({ momentum: 0, epsilon: 0 })]);
 * const batch = tensor([[1], [3]]); // of mean 2 and variance 1
 * net.forward(batch, { training: true }); // [[-1.] [ 1.]]
 * net.predict([[2], [4]]); // [[0.] [2.]]
 */
export class BatchNorm extends Normalization<BatchNormOptions> {
  override readonly type = 'batchNorm';
  /** What the running statistics before a step count in those after it, by either convention. */
  readonly momentum: number;

  constructor(options: BatchNormOptions = {}) {
    const op = 'BatchNorm';
    if (new.target === BatchNorm) checkOptions(op, options, BATCH_NORM_OPTIONS, ITS_SAMPLES);
    const { convention = 'keras' } = options;
    checkOneOf(op, 'convention', convention, ['keras', 'pytorch']);
    super(op, options, convention === 'keras' ? 1e-3 : 1e-5);
    const { momentum = convention === 'keras' ? 0.99 : 0.1 } = options;
    checkRange(op, 'momentum', momentum, 'between 0 and 1');
    this.momentum = convention === 'keras' ? momentum : 1 - momentum;
  }

  override get rules(): WeightRules {
    const { options } = this;
    return { ...options, ...renamed(options, 'movingMean', 'mean'), ...renamed(options, 'movingVariance', 'variance') };
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const channels = this.channelsAt(at, input);
    const { name, epsilon, momentum, rules } = this;
    const keys = this.adopt(at, {
      ...this.scales(at, channels),
      mean: at.weight(name, 'mean', [channels], weightRule(rules, 'mean', 'zeros')),
      variance: at.weight(name, 'variance', [channels], weightRule(rules, 'variance', 'ones')),
    });
    const isUnbiased = this.options.convention === 'pytorch';
    return at.node('batchNorm', at.name, [input], { epsilon, momentum, isUnbiased }, keys);
  }

  override clone(): BatchNorm {
    return new BatchNorm(this.options);
  }
}

/**
 * (x - mean)/√(variance + epsilon)·gamma + beta for each row along the last axis, by its own mean and variance (Ba et al.
 * 2016), in training and outside alike. Throws as `BatchNorm`.
 *
 * @example
 * new Sequential([new LayerNorm({ epsilon: 0 })]).predict([[1, 3], [10, 30]]); // [[-1. 1.] [-1. 1.]]
 */
export class LayerNorm extends Normalization<LayerNormOptions> {
  override readonly type = 'layerNorm';

  constructor(options: LayerNormOptions = {}) {
    if (new.target === LayerNorm) checkOptions('LayerNorm', options, NORM_OPTIONS, ITS_SAMPLES);
    super('LayerNorm', options, 1e-3);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const keys = this.adopt(at, this.scales(at, this.channelsAt(at, input)));
    return at.node('layerNorm', at.name, [input], { epsilon: this.epsilon }, keys);
  }

  override clone(): LayerNorm {
    return new LayerNorm(this.options);
  }
}
