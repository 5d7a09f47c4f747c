import { checkCount, checkOneOf, FormatError, messageOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { whatIs } from './what.ts';

/** The bytes of a file, or what has them: a Blob, a File, a Response. */
export type ImageSource = Uint8Array | { arrayBuffer(): Promise<ArrayBuffer> };

export interface DecodeImageOptions {
  /** Height and width to scale to, by the platform's own method, which differs between them. Default: the image's. */
  readonly size?: readonly [height: number, width: number];
  /** `gray` is one channel, (299·red + 587·green + 114·blue)/1000 (ITU-R BT.601). Default `rgb`, three. */
  readonly channels?: 'gray' | 'rgb';
}

/**
 * An image that the platform decodes (PNG, JPEG, WebP, …) as float32 [height, width, channels] from 0 to 1: in pages and
 * workers, by `createImageBitmap`. What is transparent is shown on white; a colour profile is not applied. Rejects with
 * FormatError for what is no image, and with StateError where nothing decodes images, as in Node.
 *
 * @example
 * const digit = async (url: string) => decodeImage(await fetch(url), { size: [28, 28], channels: 'gray' }); // [28, 28, 1]
 */
export async function decodeImage(source: ImageSource, options: DecodeImageOptions = {}): Promise<Tensor> {
  checkOptions('decodeImage', options, 'size channels');
  const { size, channels = 'rgb' } = options;
  checkOneOf('decodeImage', 'channels', channels, ['gray', 'rgb']);
  if (size !== undefined) {
    if (!Array.isArray(size) || size.length !== 2)
      throw new ValueError('decodeImage', 'size', 'a list [height, width]', size);
    for (const length of size) checkCount('decodeImage', 'size', length);
  }
  if (typeof createImageBitmap === 'undefined' || typeof OffscreenCanvas === 'undefined')
    throw new StateError(
      'decodeImage',
      'this runtime decodes no images: decode the file with a package such as sharp, and give its pixels to imagesOf()',
    );
  const bytes = await bytesIn(source);
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none' }).catch(
    (error: unknown) => {
      const what = whatIs(bytes) ?? (bytes.length === 0 ? 'empty' : 'no image that this runtime decodes');
      throw new FormatError('image', 'file', `is ${what} (${messageOf(error)})`);
    },
  );
  const [height, width] = size ?? [bitmap.height, bitmap.width];
  const pen = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (pen === null) throw new StateError('decodeImage', 'this runtime has no canvas to draw on');
  pen.fillStyle = 'white';
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = pen.getImageData(0, 0, width, height);
  return fromData(channels === 'gray' ? grayOf(data) : colorsOf(data), [height, width, channels === 'gray' ? 1 : 3]);
}

async function bytesIn(source: ImageSource): Promise<Uint8Array<ArrayBuffer>> {
  if (source instanceof Uint8Array) return source.slice(); // a Blob takes no shared memory
  if (typeof source?.arrayBuffer !== 'function')
    throw new ValueError('decodeImage', 'source', 'the bytes of a file, a Blob or a Response', source);
  return new Uint8Array(await source.arrayBuffer());
}

/** Of red, green, blue and opacity side by side. In integers first, so that gray stays what it is. */
function grayOf(data: Uint8ClampedArray): Float32Array {
  const gray = new Float32Array(data.length / 4);
  for (let i = 0; i < gray.length; i++)
    gray[i] = (299 * data[4 * i]! + 587 * data[4 * i + 1]! + 114 * data[4 * i + 2]!) / 255_000;
  return gray;
}

function colorsOf(data: Uint8ClampedArray): Float32Array {
  const colors = new Float32Array((data.length / 4) * 3);
  for (let i = 0, at = 0; i < data.length; i++) if (i % 4 !== 3) colors[at++] = data[i]! / 255;
  return colors;
}
