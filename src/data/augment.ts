import { checkCount, checkOneOf, checkRange, DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { arrayOf, isFloat } from '../memory/dtype.ts';
import { run } from '../memory/runtime.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { checkConstant } from './split.ts';
import { tensorOf } from './values.ts';

export interface AugmentOptions {
  /** Whole pixels that an image moves at most, up or down and left or right; a list has one number for each. Default 0. */
  readonly shift?: number | readonly [height: number, width: number];
  /** Degrees that an image is turned by at most, about its middle, either way; up to 180. Default 0. */
  readonly rotate?: number;
  /** Share that an image grows or shrinks by at most, about its middle; below 1. Default 0. */
  readonly zoom?: number;
  /** Mirrors about half of the images, left to right or top to bottom; `both` decides on each by itself. Default none. */
  readonly flip?: 'none' | 'horizontal' | 'vertical' | 'both';
  /** Standard deviation of normal noise on every number; what goes beyond black and white is left there. Default 0. */
  readonly noise?: number;
  /** What comes in from outside. Default 0, black. */
  readonly fill?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Which of the variants of this seed: each epoch has others. Default 0. */
  readonly epoch?: number;
}

/** How an image lies in its variant: turned and sized by these, then moved. */
interface Place {
  readonly cos: number;
  readonly sin: number;
  readonly scale: number;
  /** -1 for an axis that is mirrored. */
  readonly signs: readonly [y: number, x: number];
  readonly shift: readonly [y: number, x: number];
}

/**
 * Variants of images [n, height, width] or [n, height, width, channels], each image changed by chance: mirrored, sized,
 * turned, moved, in this order, and made noisy. A number between pixels is interpolated from the four around it (bilinear);
 * where it falls on a pixel it is that pixel, to the bit, so moved and mirrored images are copies. Every kind of change draws
 * by itself, from `seed` and `epoch` alone: the same two give the same bits. Nested arrays become float32. Throws ShapeError
 * for other axes, DTypeError for integers, GradientError for a tensor that gradients flow through.
 *
 * @example
 * const images = reshape(x, [200, 2, 2, 1]);
 * const others = augment(images, { shift: 1, rotate: 10, epoch: 3 });
 * // in training, others each epoch: fit(images, y, { augment: ([x, y], epoch) => [augment(x, { shift: 1, epoch }), y] })
 */
export function augment(images: Values, options: AugmentOptions = {}): Tensor {
  const op = 'augment';
  checkOptions(op, options, 'shift rotate zoom flip noise fill seed epoch', 'Write { shift: $ }');
  const { shift = 0, rotate = 0, zoom = 0, flip = 'none', noise = 0, fill = 0, seed = 0, epoch = 0 } = options;
  const most = Array.isArray(shift) ? (shift as readonly number[]) : [shift as number, shift as number];
  if (most.length !== 2) throw new ValueError(op, 'shift', 'a number of pixels, or one down and one across', shift);
  for (const pixels of most) checkCount(op, 'shift', pixels, 0);
  checkRange(op, 'rotate', rotate, 'at least 0');
  if (rotate > 180) throw new ValueError(op, 'rotate', 'at most 180 degrees', rotate);
  checkRange(op, 'zoom', zoom, 'in [0, 1)');
  checkOneOf(op, 'flip', flip, ['none', 'horizontal', 'vertical', 'both']);
  checkRange(op, 'noise', noise, 'at least 0');
  if (!Number.isFinite(fill)) throw new ValueError(op, 'fill', 'a finite number', fill);
  checkDraw(op, seed, epoch);
  const x = tensorOf(op, 'images', images);
  checkConstant(op, x);
  const { shape, dtype, rank } = x;
  if (rank !== 3 && rank !== 4) {
    const problem = 'needs images [n, height, width] or with channels';
    throw new ShapeError(op, [shape], problem, rank === 2 ? 'Rows of pixels take reshape() first' : undefined);
  }
  if (!isFloat(dtype)) throw new DTypeError(op, [dtype], 'needs real numbers', 'imagesOf() makes images of bytes');
  const [n, height, width] = shape as [number, number, number];
  const channels = shape[3] ?? 1;
  const draw = (kind: string, count: number): ArrayLike<number> => streamOf(seed, kind, epoch).uniform([n, count]).data;

  const shifts = draw('jitter', 2);
  const flips = draw('flip', 2);
  const sizes = draw('zoom', 1);
  const turns = Float32Array.from(draw('rotate', 1), (u) => (2 * u - 1) * rotate * RADIAN);
  const cos = new Float32Array(n);
  const sin = new Float32Array(n);
  run.kernels.cos(n, turns, cos);
  run.kernels.sin(n, turns, sin);
  const pixels = (u: number, limit: number): number => Math.min(2 * limit, Math.floor(u * (2 * limit + 1))) - limit;
  const isMirrored = (axis: 'vertical' | 'horizontal', u: number): boolean =>
    (flip === axis || flip === 'both') && u < 0.5;

  const from = x.data as Float32Array;
  const to = arrayOf(dtype, x.size) as Float32Array;
  const isMoved = most.some((limit) => limit > 0) || rotate > 0 || zoom > 0 || flip !== 'none';
  if (!isMoved) to.set(from);
  for (let i = 0; isMoved && i < n; i++) {
    const place: Place = {
      cos: cos[i]!,
      sin: sin[i]!,
      scale: 1 + (2 * sizes[i]! - 1) * zoom,
      signs: [isMirrored('vertical', flips[2 * i]!) ? -1 : 1, isMirrored('horizontal', flips[2 * i + 1]!) ? -1 : 1],
      shift: [pixels(shifts[2 * i]!, most[0]!), pixels(shifts[2 * i + 1]!, most[1]!)],
    };
    const isWhole = place.sin === 0 && place.cos === 1 && place.scale === 1;
    (isWhole ? putWhole : put)(from, to, i * height * width * channels, [height, width, channels], place, fill);
  }
  if (noise > 0) {
    const { data } = streamOf(seed, 'noise', epoch).normal(shape, 0, noise);
    for (let i = 0; i < to.length; i++) to[i]! += data[i]!;
  }
  return fromData(to, [...shape], dtype);
}

const RADIAN = Math.PI / 180;

/** Throws ValueError unless these name a draw. */
export function checkDraw(op: string, seed: number, epoch: number): void {
  checkSeed(op, seed);
  checkCount(op, 'epoch', epoch, 0);
}

/** The generator of one kind of chance in one epoch. */
export function streamOf(seed: number, kind: string, epoch: number): Random {
  const random = new Random(seed, kind);
  random.step = epoch;
  return random;
}

/** Writes one image as it lies: for each pixel of the variant, what is at its place in the image. */
function put(
  from: Float32Array,
  to: Float32Array,
  start: number,
  [height, width, channels]: readonly [number, number, number],
  { cos, sin, scale, signs, shift }: Place,
  fill: number,
): void {
  const middleY = (height - 1) / 2;
  const middleX = (width - 1) / 2;
  /** Where the first channel of a pixel lies; -1 outside. */
  const pixelAt = (y: number, x: number): number =>
    y < 0 || y >= height || x < 0 || x >= width ? -1 : start + (y * width + x) * channels;
  let at = start;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++, at += channels) {
      const down = i - middleY - shift[0];
      const right = j - middleX - shift[1];
      const y = middleY + (signs[0] * (cos * down - sin * right)) / scale;
      const x = middleX + (signs[1] * (sin * down + cos * right)) / scale;
      const top = Math.floor(y);
      const left = Math.floor(x);
      const below = y - top;
      const beside = x - left;
      const a = pixelAt(top, left);
      if (below === 0 && beside === 0) {
        for (let k = 0; k < channels; k++) to[at + k] = a < 0 ? fill : from[a + k]!;
        continue;
      }
      const b = pixelAt(top, left + 1);
      const c = pixelAt(top + 1, left);
      const d = pixelAt(top + 1, left + 1);
      for (let k = 0; k < channels; k++) {
        const above = mixed(a < 0 ? fill : from[a + k]!, b < 0 ? fill : from[b + k]!, beside);
        const under = mixed(c < 0 ? fill : from[c + k]!, d < 0 ? fill : from[d + k]!, beside);
        to[at + k] = mixed(above, under, below);
      }
    }
  }
}

/** `put` where every pixel falls on a pixel: the same bits, sooner. */
function putWhole(
  from: Float32Array,
  to: Float32Array,
  start: number,
  [height, width, channels]: readonly [number, number, number],
  { signs, shift }: Place,
  fill: number,
): void {
  const row = width * channels;
  for (let i = 0; i < height; i++) {
    const y = signs[0] > 0 ? i - shift[0] : height - 1 - (i - shift[0]);
    const at = start + i * row;
    if (y < 0 || y >= height) {
      to.fill(fill, at, at + row);
      continue;
    }
    const source = start + y * row;
    for (let j = 0; j < width; j++) {
      const x = signs[1] > 0 ? j - shift[1] : width - 1 - (j - shift[1]);
      const isInside = x >= 0 && x < width;
      for (let k = 0; k < channels; k++) to[at + j * channels + k] = isInside ? from[source + x * channels + k]! : fill;
    }
  }
}

const mixed = (p: number, q: number, share: number): number => p + (q - p) * share;
