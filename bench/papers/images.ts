import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromData, Random, type Tensor } from 'whittle-ml';
import { gunzip, imagesFromIDX, isGzip, labelsFromIDX } from 'whittle-ml/data';
import { UsageError } from '../options.ts';

/** Where Debian's package dataset-fashion-mnist puts its files. */
export const FASHION = '/usr/share/datasets/fashion-mnist';

/** Images of one size, as bytes, row by row, and the numbers of the classes that they are of. */
export interface Labelled {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

export interface Images {
  /** As tables call it. */
  readonly name: 'MNIST' | 'Fashion-MNIST' | 'other images';
  /** SHA-256 of the four files, unpacked, one after another: results of other data are not mixed with these. */
  readonly digest: string;
  readonly train: Labelled;
  readonly test: Labelled;
}

/** Digits and ten kinds of clothes. */
export const CLASSES = 10;

const KNOWN: Readonly<Record<string, Images['name']>> = {
  b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a: 'MNIST',
  '14410854cf7a289477dcfc7df3f8ec24741e281cdcc425ede0d9a748ca630214': 'Fashion-MNIST',
};

const FILES = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
} as const;

/**
 * Reads the four files of a folder, or of Fashion-MNIST where none is given. Throws UsageError, which names the file and the
 * remedy, for a missing file and for one that holds anything else.
 */
export async function readImages(folder: string | null, fashion = FASHION): Promise<Images> {
  if (folder === null && !existsSync(fashion))
    throw new UsageError(
      'there are no images: give --mnist the folder of the four IDX files of MNIST, or install dataset-fashion-mnist',
    );
  const from = folder ?? fashion;
  const hash = createHash('sha256');
  const read = async <T>(name: string, parse: (bytes: Uint8Array) => T): Promise<T> => {
    const path = fileIn(from, name);
    try {
      const packed = new Uint8Array(readFileSync(path));
      const bytes = isGzip(packed) ? await gunzip(packed) : packed;
      hash.update(bytes);
      return parse(bytes);
    } catch (error) {
      throw new UsageError(`${path} is no such file: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const train = await readPair(read, FILES.trainImages, FILES.trainLabels);
  const test = await readPair(read, FILES.testImages, FILES.testLabels);
  if (train.height !== test.height || train.width !== test.width)
    throw new UsageError(
      `${from} has training images of ${train.height}x${train.width} and test images of ${test.height}x${test.width}`,
    );
  const digest = hash.digest('hex');
  return { name: KNOWN[digest] ?? 'other images', digest, train, test };
}

/** The path of a file, under the names that it is known by. */
function fileIn(folder: string, name: string): string {
  const dotted = name.replace('-idx', '.idx'); // as some archives have it
  const found = [name, `${name}.gz`, dotted, `${dotted}.gz`]
    .map((each) => join(folder, each))
    .find((p) => existsSync(p));
  if (found === undefined) throw new UsageError(`${folder} has no ${name}, plain or .gz`);
  return found;
}

type Read = <T>(name: string, parse: (bytes: Uint8Array) => T) => Promise<T>;

async function readPair(read: Read, imagesName: string, labelsName: string): Promise<Labelled> {
  const images = await read(imagesName, imagesFromIDX);
  const [n, height, width] = images.shape as [number, number, number];
  const labels = await read(labelsName, (bytes) => {
    const found = labelsFromIDX(bytes).data as Int32Array;
    if (found.length !== n) throw new Error(`${found.length} labels for ${n} images`);
    const wrong = found.find((label) => label >= CLASSES);
    if (wrong !== undefined) throw new Error(`a label is ${wrong}, and there are ${CLASSES} classes`);
    return found;
  });
  if (n < CLASSES) throw new UsageError(`${imagesName} has ${n} images: at least ${CLASSES} are needed`);
  const pixels = new Uint8Array(images.size);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.round(255 * images.data[i]!);
  return { height, width, pixels, labels };
}

/** Some samples, in the order of their numbers. */
export function pick({ pixels, labels, height, width }: Labelled, numbers: Int32Array): Labelled {
  const area = height * width;
  const picked = new Uint8Array(numbers.length * area);
  numbers.forEach((from, to) => {
    picked.set(pixels.subarray(from * area, (from + 1) * area), to * area);
  });
  return { height, width, pixels: picked, labels: Int32Array.from(numbers, (from) => labels[from]!) };
}

/** At most `n` samples, by chance but always the same ones. */
export function some(set: Labelled, n: number): Labelled {
  if (set.labels.length <= n) return set;
  const order = new Random(0, 'some').permutation(set.labels.length).data as Int32Array;
  return pick(set, order.slice(0, n));
}

/** What a network reads: pixels from 0 to 1, [n, ...shape of a sample]. */
export function tensorOf({ pixels, labels }: Labelled, shape: readonly number[]): Tensor {
  const numbers = new Float32Array(pixels.length); // a loop: of millions, `from` takes seconds
  for (let i = 0; i < numbers.length; i++) numbers[i] = pixels[i]! / 255;
  return fromData(numbers, [labels.length, ...shape]);
}
