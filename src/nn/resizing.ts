import { byItself, checkRange, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { perAxis } from '../base/window.ts';
import { LAYER_OPTIONS, Layer, type LayerOptions } from './layers.ts';
import type { Lowering } from './lowering.ts';
import { type Axes, channelsOf, copied } from './sample-axes.ts';

/**
 * Zeros around samples: a number for all sides, one for both sides of each axis, or a pair [before, behind] an axis. Of a
 * sequence, which has one axis, two numbers are that pair.
 */
export type ZeroWidths = number | readonly number[] | readonly (readonly [before: number, behind: number])[];

type Pairs = readonly (readonly [before: number, behind: number])[];

function pairsOf(op: string, widths: ZeroWidths, axes: Axes): Pairs {
  const given: readonly unknown[] = Array.isArray(widths) ? widths : Array<unknown>(axes).fill(widths);
  const list = axes === 1 && given.length === 2 ? [given] : given;
  const isWidth = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const pairs = Array.from(list, (each): Pairs => {
    const [before, behind, ...more] = Array.isArray(each) ? (each as unknown[]) : [each, each];
    return isWidth(before) && isWidth(behind) && more.length === 0 ? [[before, behind]] : [];
  }).flat();
  if (list.length === axes && pairs.length === axes) return pairs;
  const lists = axes === 1 ? 'a pair of them, before and behind' : `a list of ${axes} of them or of pairs of them`;
  const wanted = `an integer of at least 0, or ${lists}`;
  throw new ValueError(op, 'padding', wanted, widths, byItself('padding', widths));
}

abstract class ZeroPadding extends Layer {
  override readonly replayable = true;
  readonly widths: Pairs;
  readonly options: LayerOptions;
  private readonly op: string;
  private readonly axes: Axes;

  constructor(op: string, axes: Axes, padding: ZeroWidths, options: LayerOptions) {
    const ours: readonly unknown[] = [ZeroPadding2D, ZeroPadding1D];
    if (ours.includes(new.target)) checkOptions(op, options, LAYER_OPTIONS);
    super(options);
    this.op = op;
    this.axes = axes;
    this.widths = pairsOf(op, padding, axes);
    this.options = copied(options);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    channelsOf(this.op, this.name, this.axes, at, input);
    return at.node('zeroPad', at.name, [input], { widths: this.widths });
  }
}

/**
 * Zeros around images [height, width, channels]. Default: one on each side. Throws ValueError for widths that are no integers of
 * at least 0; where it is built, ShapeError for other samples.
 *
 * @example
 * new Sequential([new ZeroPadding2D([[0, 1], [0, 1]])]).predict(ones([1, 1, 1, 1])); // [[[[1.] [0.]] [[0.] [0.]]]]
 * new Sequential([new ZeroPadding2D(1)]).predict(images).shape; // [ 40, 10, 10, 1 ]
 */
export class ZeroPadding2D extends ZeroPadding {
  override readonly type = 'zeroPadding2D';

  constructor(padding: ZeroWidths = 1, options: LayerOptions = {}) {
    super('ZeroPadding2D', 2, padding, options);
  }

  override clone(): ZeroPadding2D {
    return new ZeroPadding2D(this.widths, this.options);
  }
}

/**
 * `ZeroPadding2D` of sequences [length, channels]: zeros before and behind.
 *
 * @example
 * new Sequential([new ZeroPadding1D([2, 0])]).predict([[[1], [3]]]); // [[[0.] [0.] [1.] [3.]]]
 * const causal = new Sequential([new ZeroPadding1D([2, 0]), new Conv1D(8, 3)]); // sees nothing of what follows
 * causal.predict(zeros([1, 10, 4])).shape; // [ 1, 10, 8 ]
 */
export class ZeroPadding1D extends ZeroPadding {
  override readonly type = 'zeroPadding1D';

  constructor(padding: ZeroWidths = 1, options: LayerOptions = {}) {
    super('ZeroPadding1D', 1, padding, options);
  }

  override clone(): ZeroPadding1D {
    return new ZeroPadding1D(this.widths, this.options);
  }
}

abstract class UpSampling extends Layer {
  override readonly replayable = true;
  readonly factors: readonly number[];
  readonly options: LayerOptions;
  private readonly op: string;
  private readonly axes: Axes;

  constructor(op: string, axes: Axes, size: number | readonly number[], options: LayerOptions) {
    const ours: readonly unknown[] = [UpSampling2D, UpSampling1D];
    if (ours.includes(new.target)) checkOptions(op, options, LAYER_OPTIONS);
    super(options);
    this.op = op;
    this.axes = axes;
    this.factors = [...perAxis(op, 'size', size, axes)];
    this.options = copied(options);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    channelsOf(this.op, this.name, this.axes, at, input);
    return at.node('upsample', at.name, [input], { factors: this.factors });
  }
}

/**
 * Larger images, each position `size` times along both axes, or a number for each: the nearest neighbour. Default 2. Throws
 * ValueError for sizes that are no positive integers; where it is built, ShapeError for samples that are no images.
 *
 * @example
 * const images = tensor([1, 2], { shape: [1, 1, 2, 1] });
 * new Sequential([new UpSampling2D([1, 2])]).predict(images); // [[[[1.] [1.] [2.] [2.]]]]
 * new Sequential([new UpSampling2D()]).predict(images).shape; // [ 1, 2, 4, 1 ]
 */
export class UpSampling2D extends UpSampling {
  override readonly type = 'upSampling2D';

  constructor(size: number | readonly number[] = 2, options: LayerOptions = {}) {
    super('UpSampling2D', 2, size, options);
  }

  override clone(): UpSampling2D {
    return new UpSampling2D(this.factors, this.options);
  }
}

/**
 * `UpSampling2D` of sequences [length, channels]: longer ones.
 *
 * @example
 * new Sequential([new UpSampling1D(3)]).predict([[[1], [2]]]); // [[[1.] [1.] [1.] [2.] [2.] [2.]]]
 */
export class UpSampling1D extends UpSampling {
  override readonly type = 'upSampling1D';

  constructor(size: number | readonly number[] = 2, options: LayerOptions = {}) {
    super('UpSampling1D', 1, size, options);
  }

  override clone(): UpSampling1D {
    return new UpSampling1D(this.factors, this.options);
  }
}

/**
 * Mixes the channels of groups: channel j of group i becomes channel i of group j (Zhang et al. 2018, section 3.1). Throws
 * ShapeError, where it is built, for channels that `groups` do not part.
 *
 * @example
 * new Sequential([new ChannelShuffle(2)]).predict([[1, 2, 3, 4, 5, 6]]); // [[1. 4. 2. 5. 3. 6.]]
 */
export class ChannelShuffle extends Layer {
  override readonly type = 'channelShuffle';
  override readonly replayable = true;
  readonly groups: number;
  readonly options: LayerOptions;

  constructor(groups: number, options: LayerOptions = {}) {
    if (new.target === ChannelShuffle) checkOptions('ChannelShuffle', options, LAYER_OPTIONS);
    super(options);
    checkRange('ChannelShuffle', 'groups', groups, 'a positive integer');
    this.groups = groups;
    this.options = copied(options);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    return at.node('channelShuffle', at.name, [this.only(inputs)], { groups: this.groups });
  }

  override clone(): ChannelShuffle {
    return new ChannelShuffle(this.groups, this.options);
  }
}
