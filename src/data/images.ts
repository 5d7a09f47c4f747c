import { checkBytes, checkRange, FormatError, listed, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { parseIDX } from './idx.ts';
import { tensorOf } from './values.ts';

export interface ImageOptions {
  /** The number of a white pixel, which becomes 1. Default 255. */
  readonly white?: number;
}

/**
 * Images as layers take them, float32 [n, height, width, channels] from 0 to 1: of nested arrays, a typed array of images or
 * a tensor, [n, height, width] or [n, height, width, channels], of pixels from 0 to `white`. Throws ShapeError for another
 * number of axes, and ValueError for a pixel that is out of range or no number, with its image.
 *
 * @example
 * imagesOf([[[51, 102], [153, 204]]]); // [[[[0.2] [0.4]] [[0.6] [0.8]]]]
 * imagesOf([[[0, 0.5], [0.75, 1]]], { white: 1 }).shape; // [ 1, 2, 2, 1 ]
 */
export function imagesOf(pixels: Values, options: ImageOptions = {}): Tensor {
  checkOptions('imagesOf', options, 'white');
  const { white = 255 } = options;
  checkRange('imagesOf', 'white', white, 'positive');
  const given = tensorOf('imagesOf', 'pixels', pixels);
  const { shape, data } = given;
  if (shape.length !== 3 && shape.length !== 4) {
    const remedy = shape.length === 2 ? 'One image goes in a list; rows of pixels take reshape() first.' : undefined;
    throw new ShapeError('imagesOf', [shape], 'needs images [n, height, width] or with channels', remedy);
  }
  const isGuess = options.white === undefined && given.dtype.startsWith('float');
  const perImage = shape[1]! * shape[2]! * (shape[3] ?? 1);
  const images = new Float32Array(given.size);
  for (let i = 0; i < images.length; i++) {
    const pixel = data[i]!;
    const isWithin = pixel >= 0 && pixel <= white;
    if (!isWithin || (isGuess && !Number.isInteger(pixel))) {
      const requirement = isWithin ? 'an integer where 255 is white' : `from 0 to ${white}`;
      const remedy = isWithin ? 'Say what is white, as in { white: 1 }.' : 'The option white says what is white.';
      throw new ValueError('imagesOf', `every pixel of image ${Math.floor(i / perImage)}`, requirement, pixel, remedy);
    }
    images[i] = pixel / white;
  }
  return fromData(images, [...shape.slice(0, 3), shape[3] ?? 1]);
}

/**
 * The images of an IDX file, as MNIST has them: float32 [n, height, width, 1] from 0 to 1. Throws what `parseIDX` throws, and
 * FormatError for a file of anything but images of bytes.
 *
 * @example
 * const file = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 255, 255, 0); // one image of 2×2
 * imagesFromIDX(file); // [[[[0.] [1.]] [[1.] [0.]]]]
 */
export function imagesFromIDX(bytes: Uint8Array): Tensor {
  return imagesOf(bytesOfIDX('imagesFromIDX', bytes, 3, 'images', 'labels: read it with labelsFromIDX()'));
}

/**
 * The labels of an IDX file, int32 [n], as losses take them. Throws like `imagesFromIDX`.
 *
 * @example
 * labelsFromIDX(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4)); // [5 0 4]
 */
export function labelsFromIDX(bytes: Uint8Array): Tensor {
  const labels = bytesOfIDX('labelsFromIDX', bytes, 1, 'labels', 'images: read it with imagesFromIDX()');
  return fromData(Int32Array.from(labels.data), labels.shape);
}

/** Names of the axes, as many as there may be. */
const AXES: readonly string[] = ['n', 'height', 'width'];

function bytesOfIDX(op: string, bytes: Uint8Array, rank: 1 | 3, what: string, other: string): Tensor {
  checkBytes(op, 'the file', bytes);
  const { shape, data } = parseIDX(bytes);
  const axes = AXES.slice(0, rank);
  const isOther = data instanceof Uint8Array && shape.length === 4 - rank;
  if (isOther) throw new FormatError('idx', 'shape', `${listed(shape)} are no ${what} but ${other}`, 3);
  if (shape.length !== rank)
    throw new FormatError('idx', 'shape', `${listed(shape)} are no ${what}, which are ${listed(axes)}`, 3);
  if (!(data instanceof Uint8Array)) throw new FormatError('idx', 'type', `${what} are bytes (code 0x08)`, 2);
  return fromData(data, shape);
}
