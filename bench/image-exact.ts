import { type ImageLayer, nextShape } from './image-tasks.ts';

/** A layer with the shape that it gets: [height, width, channels] or [features]. */
export interface PlacedLayer {
  readonly layer: ImageLayer;
  readonly shape: readonly number[];
}

interface Site extends PlacedLayer {
  readonly x: Float64Array;
  readonly batch: number;
  readonly kernel: Float32Array | undefined;
  readonly bias: Float32Array | undefined;
  /** What is below becomes it: 0 for a relu. */
  readonly least: number;
}

/**
 * What goes in and then what each layer gives, the last one in front of its softmax, in float64 by the plainest loops: no
 * kernel of ours has a part in it.
 */
export function exactValues(
  layers: readonly PlacedLayer[],
  weights: readonly Float32Array[],
  x: Float32Array,
  batch: number,
): Float64Array[] {
  const values: Float64Array[] = [Float64Array.from(x)];
  let used = 0;
  for (const [i, { layer, shape }] of layers.entries()) {
    const hasWeights = layer.kind === 'conv2d' || layer.kind === 'depthwise' || layer.kind === 'dense';
    const [kernel, bias] = hasWeights ? [weights[used++], weights[used++]] : [];
    const least = i + 1 < layers.length ? 0 : Number.NEGATIVE_INFINITY;
    values.push(given({ layer, shape, x: values[i]!, batch, kernel, bias, least }));
  }
  return values;
}

function given(site: Site): Float64Array {
  switch (site.layer.kind) {
    case 'dense':
      return dense(site, site.layer.units);
    case 'flatten':
    case 'dropout':
      return site.x;
    case 'globalAverage':
      return globalAverage(site);
    default:
      return windows(site, site.layer);
  }
}

function dense({ x, batch, shape, kernel, bias, least }: Site, units: number): Float64Array {
  const [inputs] = shape as [number];
  const y = new Float64Array(batch * units);
  for (let i = 0; i < batch; i++) {
    const row = y.subarray(i * units, (i + 1) * units);
    row.set(bias!);
    for (let p = 0; p < inputs; p++) {
      const value = x[i * inputs + p]!;
      for (let j = 0; j < units; j++) row[j]! += value * kernel![p * units + j]!;
    }
    for (let j = 0; j < units; j++) row[j] = Math.max(least, row[j]!);
  }
  return y;
}

function globalAverage({ x, batch, shape }: Site): Float64Array {
  const [height, width, channels] = shape as [number, number, number];
  const positions = height * width;
  const y = new Float64Array(batch * channels);
  for (let at = 0; at < x.length; at++) {
    const image = Math.floor(at / (positions * channels));
    y[image * channels + (at % channels)]! += x[at]! / positions;
  }
  return y;
}

type Windowed = Extract<ImageLayer, { readonly size: number }>;

/** A convolution, one of each channel by itself, or the largest of a window. */
function windows({ x, batch, shape, kernel, bias, least }: Site, layer: Windowed): Float64Array {
  const [height, width, channels] = shape as [number, number, number];
  const [outHeight, outWidth, units] = nextShape(layer, shape) as [number, number, number];
  const { kind, size } = layer;
  const stride = kind === 'conv2d' ? 1 : kind === 'depthwise' ? layer.stride : size;
  const y = new Float64Array(batch * outHeight * outWidth * units);
  for (let at = 0; at < batch * outHeight * outWidth; at++) {
    const image = Math.floor(at / (outHeight * outWidth));
    const top = (Math.floor(at / outWidth) % outHeight) * stride;
    const left = (at % outWidth) * stride;
    const out = y.subarray(at * units, (at + 1) * units);
    if (kind === 'maxPool') out.fill(Number.NEGATIVE_INFINITY);
    else out.set(bias!);
    for (let tap = 0; tap < size * size; tap++) {
      const [dy, dx] = [Math.floor(tap / size), tap % size];
      const from = ((image * height + top + dy) * width + left + dx) * channels;
      for (let c = 0; c < channels; c++) {
        const value = x[from + c]!;
        if (kind === 'maxPool') out[c] = Math.max(out[c]!, value);
        else if (kind === 'depthwise') out[c]! += value * kernel![tap * channels + c]!;
        else for (let j = 0; j < units; j++) out[j]! += value * kernel![(tap * channels + c) * units + j]!;
      }
    }
    if (kind !== 'maxPool') for (let j = 0; j < units; j++) out[j] = Math.max(least, out[j]!);
  }
  return y;
}

/** The softmax of each row. */
export function softmaxed(values: Float64Array, classes: number): Float64Array {
  const y = values.slice();
  for (let at = 0; at < y.length; at += classes) {
    const row = y.subarray(at, at + classes);
    const largest = row.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const powers = row.map((value) => Math.exp(value - largest));
    const total = powers.reduce((sum, power) => sum + power, 0);
    row.set(powers.map((power) => power / total));
  }
  return y;
}
