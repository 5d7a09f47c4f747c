import { checkFlag, checkRange } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Attributes } from '../graph/graph.ts';
import { LAYER_OPTIONS, Layer, type LayerOptions } from './layers.ts';
import type { Lowering } from './lowering.ts';
import { copied } from './sample-axes.ts';

export interface NoiseOptions extends LayerOptions {
  /** Act in `predict` and `evaluate` too, as a `Dropout` does that is told so. Default false. */
  readonly training?: boolean;
}

const NOISE_OPTIONS = `${LAYER_OPTIONS} training`;

/** A layer that changes its inputs at random in training, and gives them on outside. */
export abstract class Noise extends Layer {
  override readonly replayable = true;
  /** A share, or of `GaussianNoise` a deviation. */
  readonly rate: number;
  readonly options: NoiseOptions;
  private readonly noise: NonNullable<Attributes['dropout']['noise']>;

  protected constructor(
    op: string,
    rate: number,
    options: NoiseOptions,
    noise: NonNullable<Attributes['dropout']['noise']>,
  ) {
    super(options);
    const { training = false } = options;
    checkFlag(op, 'training', training);
    if (noise === 'added') checkRange(op, 'deviation', rate, 'at least 0');
    else checkRange(op, 'rate', rate, 'in [0, 1)');
    this.rate = rate;
    this.options = copied(options);
    this.noise = noise;
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const { rate, options, noise } = this;
    const own = noise === 'added' ? { rate: rate > 0 ? 1 : 0, deviation: rate } : { rate };
    const training = options.training === true;
    return at.node('dropout', at.name, [this.only(inputs)], { ...own, training, noise });
  }
}

/**
 * In training adds normal numbers of this deviation and mean 0. Throws ValueError for one below 0.
 *
 * @example
 * const net = new Sequential([new GaussianNoise(2)], { seed: 1 });
 * round(variance(net.forward(zeros([10_000, 1]), { training: true }))); // 4.0
 * net.predict([[3]]); // [[3.]]
 */
export class GaussianNoise extends Noise {
  override readonly type = 'gaussianNoise';

  constructor(deviation: number, options: NoiseOptions = {}) {
    if (new.target === GaussianNoise) checkOptions('GaussianNoise', options, NOISE_OPTIONS);
    super('GaussianNoise', deviation, options, 'added');
  }

  override clone(): GaussianNoise {
    return new GaussianNoise(this.rate, this.options);
  }
}

/**
 * In training multiplies by normal numbers of mean 1 and deviation √(rate/(1 - rate)), which a `Dropout` of this rate has too
 * (Srivastava et al. 2014, section 10). Throws ValueError for a rate outside [0, 1).
 *
 * @example
 * const net = new Sequential([new GaussianDropout(0.5)], { seed: 1 });
 * round(variance(net.forward(ones([10_000, 1]), { training: true }))); // 1.0
 * net.predict([[3]]); // [[3.]]
 */
export class GaussianDropout extends Noise {
  override readonly type = 'gaussianDropout';

  constructor(rate: number, options: NoiseOptions = {}) {
    if (new.target === GaussianDropout) checkOptions('GaussianDropout', options, NOISE_OPTIONS);
    super('GaussianDropout', rate, options, 'factor');
  }

  override clone(): GaussianDropout {
    return new GaussianDropout(this.rate, this.options);
  }
}

/**
 * Dropout that leaves inputs of mean 0 and variance 1 so, as selu (1.0507·elu with alpha 1.6733) keeps them: what is dropped
 * becomes the lowest value of selu, and all is scaled and moved back (Klambauer et al. 2017). Throws ValueError for a rate
 * outside [0, 1).
 *
 * @example
 * const net = new Sequential([new AlphaDropout(0.2)], { seed: 1 });
 * const numbers = new Random(1).normal([10_000, 1]); // of variance 1, and so
 * round(variance(net.forward(numbers, { training: true }))); // 1.0
 */
export class AlphaDropout extends Noise {
  override readonly type = 'alphaDropout';

  constructor(rate: number, options: NoiseOptions = {}) {
    if (new.target === AlphaDropout) checkOptions('AlphaDropout', options, NOISE_OPTIONS);
    super('AlphaDropout', rate, options, 'alpha');
  }

  override clone(): AlphaDropout {
    return new AlphaDropout(this.rate, this.options);
  }
}
