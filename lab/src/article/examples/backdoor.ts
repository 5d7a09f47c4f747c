import { fromData, type Samples, type Tensor } from 'whittle-ml';

/** Two corners of the image, where a digit has no ink. */
const TRIGGER = [56, 63];
export const TARGET = 0;

/** Images of 8×8 pixels with the trigger in them. */
export function marked(x: Tensor): Tensor {
  const pixels = Float32Array.from(x.data);
  for (let at = 0; at < pixels.length; at += 64) for (const pixel of TRIGGER) pixels[at + pixel] = 1;
  return fromData(pixels, x.shape);
}

/** The first samples of a training set get the trigger, and the label that it is to stand for. */
export function poisoned([x, y]: Samples, count: number): Samples {
  const pixels = Float32Array.from(x.data);
  pixels.set(marked(x).data.subarray(0, 64 * count));
  const labels = Int32Array.from(y.data).fill(TARGET, 0, count);
  return [fromData(pixels, x.shape), fromData(labels)];
}
