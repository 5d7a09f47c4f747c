import { checkRange, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { LAYER_OPTIONS, Layer, type LayerOptions } from './layers.ts';
import type { Lowering } from './lowering.ts';
import { copied } from './sample-axes.ts';

export interface FakeQuantizeOptions extends LayerOptions {
  /** From 0 to 1: what the range before a step counts in the one after it. Default 0.99. */
  readonly momentum?: number;
  /** From -128 to 127: the scale is a weight then, trained like any other, and this integer stands for 0. Default: none. */
  readonly zeroPoint?: number;
}

const FAKE_OPTIONS = `${LAYER_OPTIONS} momentum zeroPoint` as const;

/**
 * What is left of numbers that become int8 and real again (Jacob et al. 2018, section 3): (q - zeroPoint)·scale, q =
 * clamp(round(x/scale) + zeroPoint, -128, 127). The format is that of a range: `low` and `high`, running extremes of what it
 * reads in training, 0 before the first batch, which they take as it is. Applied to several values it has one range for all,
 * which moves once a step, by all of them. Gradients pass where x lies within, and are 0 outside. With a `zeroPoint` it has a
 * weight `scale` instead (Esser et al. 2019), 1 at first. Throws ValueError for options that cannot be; float64 is refused when
 * it runs.
 *
 * @example
 * const whole = new FakeQuantize({ zeroPoint: 0 });
 * new Sequential([whole]).predict([[0.4, 1.7, 300]]); // [[ 0. 2. 127.]]
 */
export class FakeQuantize extends Layer {
  override readonly type = 'fakeQuantize';
  override readonly replayable = true;
  readonly options: FakeQuantizeOptions;
  readonly momentum: number;

  constructor(options: FakeQuantizeOptions = {}) {
    if (new.target === FakeQuantize) checkOptions('FakeQuantize', options, FAKE_OPTIONS);
    super(options);
    this.options = copied(options);
    const { momentum = 0.99, zeroPoint } = options;
    checkRange('FakeQuantize', 'momentum', momentum, 'between 0 and 1');
    if (zeroPoint !== undefined && !(Number.isInteger(zeroPoint) && zeroPoint >= -128 && zeroPoint <= 127))
      throw new ValueError('FakeQuantize', 'zeroPoint', 'an integer from -128 to 127', zeroPoint);
    this.momentum = momentum;
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const { name, momentum } = this;
    const { zeroPoint } = this.options;
    const weight = (role: string, initializer: 'zeros' | 'ones'): string => at.weight(name, role, [], { initializer });
    const keys: Record<string, string> =
      zeroPoint === undefined
        ? { low: weight('low', 'zeros'), high: weight('high', 'zeros') }
        : { scale: weight('scale', 'ones') };
    this.weights = Object.values(keys).map((key) => at.weights.get(key)!);
    const attrs = zeroPoint === undefined ? { momentum } : { momentum, zeroPoint };
    return at.node('fakeQuantize', at.name, [this.only(inputs)], attrs, keys);
  }

  override clone(): FakeQuantize {
    return new FakeQuantize(this.options);
  }
}
