import type { Samples } from '../../engine/messages.ts';
import { scales } from './diagram.ts';

/** Side of all pictures, and of those of digits that are learned from. */
export const SIDE = 24;
const PIXELS = 8;

/** Whether a sample is an image of 8 by 8 pixels. */
const areImages = ({ features }: Samples): boolean => features[PIXELS ** 2 - 1] === `pixel${PIXELS ** 2 - 1}`;

/** An image of 8 by 8 numbers, each as a square. */
export function enlarged(values: Float32Array): Float32Array {
  const share = SIDE / PIXELS;
  return Float32Array.from({ length: SIDE ** 2 }, (_, i) => {
    const [row, column] = [Math.floor(i / SIDE / share), Math.floor((i % SIDE) / share)];
    return values[row * PIXELS + column]!;
  });
}

/**
 * Numbers as bars from left to right, those above nought upwards: 1 where such a bar is, -1 where one of the others is. One of
 * size `scale` is as high as can be. Where there are more than columns, each has the number of largest size of its share.
 */
export function bars(values: Float32Array, scale: number): Float32Array {
  const out = new Float32Array(SIDE ** 2);
  const { length } = values;
  const at = (column: number): number => Math.floor((column * length) / SIDE);
  for (let column = 0; column < SIDE; column++) {
    // Wide bars have a gap between them
    if (2 * length <= SIDE && at(column + 1) > at(column)) continue;
    let value = values[at(column)]!;
    for (let i = at(column) + 1; i < at(column + 1); i++)
      if (Math.abs(values[i]!) > Math.abs(value)) value = values[i]!;
    const height = Math.round((Math.min(1, Math.abs(value) / scale) * SIDE) / 2);
    for (let i = 0; i < height; i++)
      out[(value > 0 ? SIDE / 2 - 1 - i : SIDE / 2 + i) * SIDE + column] = Math.sign(value);
  }
  return out;
}

/**
 * Pictures of a column of the diagram where samples have no plane: of a neuron the weights that lead into it, to the pixels of an
 * image as an image, others as bars; of a pixel its place, of another input the weights that lead out of it.
 */
export function weightPictures(
  weights: readonly Float32Array[],
  samples: Samples,
  layer: number,
  count: number,
): readonly Float32Array[] | null {
  const kernel = weights[Math.max(0, layer)];
  if (kernel === undefined || count === 0) return null;
  const isImage = layer <= 0 && areImages(samples);
  const units = layer < 0 ? kernel.length / samples.features.length : count;
  const all = Array.from({ length: count }, (_, unit) => {
    if (layer >= 0) return Float32Array.from({ length: kernel.length / units }, (_, i) => kernel[i * units + unit]!);
    return isImage
      ? Float32Array.from({ length: PIXELS ** 2 }, (_, i) => Number(i === unit))
      : kernel.subarray(unit * units, (unit + 1) * units);
  });
  if (isImage) return all.map(enlarged);
  const sizes = scales(all);
  return all.map((values, i) => bars(values, sizes[i]!));
}
