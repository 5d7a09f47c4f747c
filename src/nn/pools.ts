import { checkOptions } from '../base/options.ts';
import { type Padding, perAxis, type Steps, stepsOf } from '../base/window.ts';
import type { PoolKind } from '../graph/graph.ts';
import { LAYER_OPTIONS, Layer, type LayerOptions } from './layers.ts';
import type { Lowering } from './lowering.ts';
import { type Axes, channelsOf, checkWindow, copied } from './sample-axes.ts';

/** Options of a pool, by Keras's names. A number counts for every axis. */
export interface PoolLayerOptions extends LayerOptions {
  /** Of the window. Default 2. */
  readonly poolSize?: number | readonly number[];
  /** From one position of the window to the next. Default: its size. */
  readonly strides?: number | readonly number[];
  /** `valid` (default), `same`, or a pair [before, behind] an axis, less than the window. What is outside is left out. */
  readonly padding?: Padding;
}

const POOL_OPTIONS = `${LAYER_OPTIONS} poolSize strides padding`;

/** A window over each channel by itself. */
abstract class Pool extends Layer {
  override readonly replayable = true;
  readonly poolSize: readonly number[];
  readonly steps: Steps;
  readonly options: PoolLayerOptions;
  protected abstract readonly kind: PoolKind;
  private readonly op: string;
  private readonly axes: Axes;

  constructor(op: string, axes: Axes, options: PoolLayerOptions) {
    const ours: readonly unknown[] = [MaxPool2D, AvgPool2D, MaxPool1D, AvgPool1D];
    if (ours.includes(new.target)) checkOptions(op, options, POOL_OPTIONS, 'Write { poolSize: $ }');
    super(options);
    this.op = op;
    this.axes = axes;
    this.options = copied(options);
    const { poolSize = 2, strides = poolSize, padding = 'valid' } = this.options;
    this.poolSize = perAxis(op, 'poolSize', poolSize, axes);
    this.steps = stepsOf(op, axes, { strides, padding });
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const { kind, poolSize: size } = this;
    channelsOf(this.op, this.name, this.axes, at, input);
    checkWindow(this.op, this.name, at.shapeOf(input), size, this.steps);
    const { strides, padding } = this.steps;
    return at.node('pool', at.name, [input], { kind, size, strides, padding });
  }
}

/**
 * The largest of each window and channel: [height, width, channels] to [positions, positions, channels]. Throws ValueError for
 * options that cannot be; where it is built, ShapeError for samples that are no images and a window that does not fit.
 *
 * @example
 * const images = reshape(arange(0, 8), [1, 2, 4, 1]);
 * new Sequential([new MaxPool2D()]).predict(images); // [[[[5.] [7.]]]]
 * new Sequential([new MaxPool2D({ poolSize: 3, strides: 2, padding: 'same' })]).predict(images); // [[[[6.] [7.]]]]
 */
export class MaxPool2D extends Pool {
  override readonly type = 'maxPool2D';
  protected override readonly kind = 'max';

  constructor(options: PoolLayerOptions = {}) {
    super('MaxPool2D', 2, options);
  }

  override clone(): MaxPool2D {
    return new MaxPool2D(this.options);
  }
}

/**
 * The mean of each window and channel, padding left out; shapes and errors as those of `MaxPool2D`.
 *
 * @example
 * const images = reshape(arange(0, 8), [1, 2, 4, 1]);
 * new Sequential([new AvgPool2D()]).predict(images); // [[[[2.5] [4.5]]]]
 */
export class AvgPool2D extends Pool {
  override readonly type = 'avgPool2D';
  protected override readonly kind = 'average';

  constructor(options: PoolLayerOptions = {}) {
    super('AvgPool2D', 2, options);
  }

  override clone(): AvgPool2D {
    return new AvgPool2D(this.options);
  }
}

/**
 * `MaxPool2D` of sequences: [length, channels] to [positions, channels].
 *
 * @example
 * const sequence = [[[1], [3], [2], [6]]];
 * new Sequential([new MaxPool1D()]).predict(sequence); // [[[3.] [6.]]]
 * new Sequential([new MaxPool1D({ poolSize: 2, strides: 1 })]).predict(sequence); // [[[3.] [3.] [6.]]]
 */
export class MaxPool1D extends Pool {
  override readonly type = 'maxPool1D';
  protected override readonly kind = 'max';

  constructor(options: PoolLayerOptions = {}) {
    super('MaxPool1D', 1, options);
  }

  override clone(): MaxPool1D {
    return new MaxPool1D(this.options);
  }
}

/**
 * `AvgPool2D` of sequences: [length, channels] to [positions, channels].
 *
 * @example
 * new Sequential([new AvgPool1D()]).predict([[[1], [3], [2], [6]]]); // [[[2.] [4.]]]
 */
export class AvgPool1D extends Pool {
  override readonly type = 'avgPool1D';
  protected override readonly kind = 'average';

  constructor(options: PoolLayerOptions = {}) {
    super('AvgPool1D', 1, options);
  }

  override clone(): AvgPool1D {
    return new AvgPool1D(this.options);
  }
}

/** All positions of a channel become one number. */
abstract class GlobalPool extends Layer {
  override readonly replayable = true;
  readonly options: LayerOptions;
  protected abstract readonly kind: PoolKind;
  private readonly op: string;
  private readonly axes: Axes;

  constructor(op: string, axes: Axes, options: LayerOptions) {
    const ours: readonly unknown[] = [GlobalMaxPool2D, GlobalAvgPool2D, GlobalMaxPool1D, GlobalAvgPool1D];
    if (ours.includes(new.target)) checkOptions(op, options, LAYER_OPTIONS);
    super(options);
    this.op = op;
    this.axes = axes;
    this.options = copied(options);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    channelsOf(this.op, this.name, this.axes, at, input);
    return at.node('globalPool', at.name, [input], { kind: this.kind });
  }
}

/**
 * The largest of each channel: [height, width, channels] to [channels]. Throws ShapeError for other samples.
 *
 * @example
 * new Sequential([new GlobalMaxPool2D()]).predict(reshape(arange(0, 8), [1, 2, 2, 2])); // [[6. 7.]]
 */
export class GlobalMaxPool2D extends GlobalPool {
  override readonly type = 'globalMaxPool2D';
  protected override readonly kind = 'max';

  constructor(options: LayerOptions = {}) {
    super('GlobalMaxPool2D', 2, options);
  }

  override clone(): GlobalMaxPool2D {
    return new GlobalMaxPool2D(this.options);
  }
}

/**
 * The mean of each channel: [height, width, channels] to [channels]. Throws ShapeError for other samples.
 *
 * @example
 * const net = new Sequential([new Conv2D(16, 3), new GlobalAvgPool2D(), new Dense(3, { activation: 'softmax' })]);
 * net.predict(images).shape; // [ 40, 3 ]
 * new Sequential([new GlobalAvgPool2D()]).predict(reshape(arange(0, 8), [1, 2, 2, 2])); // [[3. 4.]]
 */
export class GlobalAvgPool2D extends GlobalPool {
  override readonly type = 'globalAvgPool2D';
  protected override readonly kind = 'average';

  constructor(options: LayerOptions = {}) {
    super('GlobalAvgPool2D', 2, options);
  }

  override clone(): GlobalAvgPool2D {
    return new GlobalAvgPool2D(this.options);
  }
}

/**
 * The largest of each channel: [length, channels] to [channels]. Throws ShapeError for other samples.
 *
 * @example
 * new Sequential([new GlobalMaxPool1D()]).predict([[[1, 6], [3, 4]]]); // [[3. 6.]]
 */
export class GlobalMaxPool1D extends GlobalPool {
  override readonly type = 'globalMaxPool1D';
  protected override readonly kind = 'max';

  constructor(options: LayerOptions = {}) {
    super('GlobalMaxPool1D', 1, options);
  }

  override clone(): GlobalMaxPool1D {
    return new GlobalMaxPool1D(this.options);
  }
}

/**
 * The mean of each channel: [length, channels] to [channels]. Throws ShapeError for other samples.
 *
 * @example
 * new Sequential([new GlobalAvgPool1D()]).predict([[[1, 4], [3, 6]]]); // [[2. 5.]]
 */
export class GlobalAvgPool1D extends GlobalPool {
  override readonly type = 'globalAvgPool1D';
  protected override readonly kind = 'average';

  constructor(options: LayerOptions = {}) {
    super('GlobalAvgPool1D', 1, options);
  }

  override clone(): GlobalAvgPool1D {
    return new GlobalAvgPool1D(this.options);
  }
}
