import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, ShapeError, ValueError } from '../../src/base/errors.ts';
import { decodeImage, imagesFromIDX, imagesOf, labelsFromIDX } from '../../src/data/index.ts';
import { tensor } from '../../src/tensor/create.ts';

/** An IDX file of bytes, or of another type by its code. */
const idx = (shape: readonly number[], values: readonly number[], code = 0x08): Uint8Array =>
  Uint8Array.of(0, 0, code, shape.length, ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]), ...values);

describe('imagesOf', () => {
  test('puts the channel behind where there is none, and makes white 1', () => {
    const images = imagesOf([
      [
        [0, 51, 255],
        [102, 0, 1],
      ],
    ]);
    expect([images.shape, images.dtype]).toEqual([[1, 2, 3, 1], 'float32']);
    expect([...images.data]).toEqual([0, 51 / 255, 1, 102 / 255, 0, 1 / 255].map(Math.fround));
  });

  test('keeps channels, and takes tensors, typed arrays of images and other whites', () => {
    const pixels = Array.from({ length: 24 }, (_, i) => i % 17);
    const of = tensor(pixels, { shape: [2, 2, 2, 3] });
    const images = imagesOf(of, { white: 16 });
    expect(images.shape).toEqual([2, 2, 2, 3]);
    expect([...images.data]).toEqual(pixels.map((p) => p / 16));
    expect([...of.data]).toEqual(pixels); // the caller's stay as they are
    expect(imagesOf(tensor(Uint8Array.from(pixels), { shape: [2, 3, 4] })).shape).toEqual([2, 3, 4, 1]);
    expect([...imagesOf([[[0.25, 1]]], { white: 1 }).data]).toEqual([0.25, 1]);
    expect(imagesOf(tensor([], { shape: [0, 4, 4] })).shape).toEqual([0, 4, 4, 1]);
  });

  test('refuses other numbers of axes with what to do, and pixels that are out of range with their image', () => {
    expect(() => imagesOf([[1, 2]])).toThrow(
      'imagesOf: needs images [n, height, width] or with channels, got [1, 2]. One image goes in a list',
    );
    expect(() => imagesOf([1])).toThrow(ShapeError);
    const bad =
      (pixel: number, options = {}) =>
      () =>
        imagesOf([[[0, 1]], [[2, pixel]]], options);
    for (const pixel of [-1, 256, Number.NaN, Infinity])
      expect(bad(pixel)).toThrow(`imagesOf: every pixel of image 1 must be from 0 to 255, got ${pixel}`);
    expect(bad(17, { white: 16 })).toThrow('from 0 to 16, got 17');
    expect(bad(0.5)).toThrow(
      'every pixel of image 1 must be an integer where 255 is white, got 0.5. Say what is white',
    );
    expect(bad(0.5, { white: 255 })).not.toThrow();
    for (const white of [0, -1, Number.NaN]) expect(bad(1, { white })).toThrow(ValueError);
  });
});

describe('IDX files of images and labels', () => {
  test('become images from 0 to 1 with one channel, and class numbers', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(4), fc.nat(4), fc.infiniteStream(fc.nat(255)), (n, height, width, stream) => {
        const values = [...stream.take(n * height * width)];
        const images = imagesFromIDX(idx([n, height, width], values));
        expect([images.shape, images.dtype]).toEqual([[n, height, width, 1], 'float32']);
        expect([...images.data]).toEqual(values.map((value) => Math.fround(value / 255)));
      }),
    );
    const labels = labelsFromIDX(idx([3], [7, 0, 255]));
    expect([labels.shape, labels.dtype, [...labels.data]]).toEqual([[3], 'int32', [7, 0, 255]]);
  });

  test.each<[what: string, read: () => unknown, message: string]>([
    ['labels', () => imagesFromIDX(idx([2], [1, 2])), '[2] are no images but labels: read it with labelsFromIDX()'],
    ['images', () => labelsFromIDX(idx([1, 1, 1], [1])), 'are no labels but images: read it with imagesFromIDX()'],
    ['a matrix', () => imagesFromIDX(idx([1, 2], [1, 2])), '[1, 2] are no images, which are [n, height, width]'],
    ['a matrix', () => labelsFromIDX(idx([1, 2], [1, 2])), '[1, 2] are no labels, which are [n]'],
    ['signed bytes', () => imagesFromIDX(idx([1, 1, 1], [1], 0x09)), 'type: images are bytes (code 0x08) (at byte 2)'],
    ['a cut file', () => imagesFromIDX(idx([1, 2, 2], [1])), 'data: shape [1, 2, 2] makes 20 bytes'],
  ])('%s in the place of the other is refused', (_, read, message) => {
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });
});

test('Node decodes no images, and is told what to do', async () => {
  await expect(decodeImage(Uint8Array.of(1))).rejects.toThrow(
    'decodeImage: this runtime decodes no images: decode the file with a package such as sharp, and give its pixels to imagesOf()',
  );
});
