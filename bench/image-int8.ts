import { chooseQParams } from 'whittle-ml';
import type { PlacedLayer } from './image-exact.ts';

/** What an int8 stands for: (q - zeroPoint)·scale. */
export type Format = ReturnType<typeof chooseQParams>;

/** The weights of a layer in integers. */
export interface IntegerWeights {
  /** In the shape that Keras gives it, with a scale for each unit, or channel of a depthwise one; symmetric. */
  readonly kernel: Int8Array;
  readonly scales: Float32Array;
  /** In units of the scale of what the layer reads, times that of its kernel. */
  readonly bias: Int32Array;
}

/** A network in integers, as other libraries get it: from ranges between the extremes of calibration, like ours. */
export interface IntegerLayers {
  /** Of what goes in, and then of what each layer gives, the last one in front of its softmax. */
  readonly formats: readonly Format[];
  /** Of the layers that have weights, in their order. */
  readonly weights: readonly IntegerWeights[];
}

export function formatOf(values: ArrayLike<number>): Format {
  let [low, high] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return chooseQParams(low, high);
}

/** A kernel whose last axis, or only channel axis, has `units`: each of them by its largest weight. */
export function integerKernel(kernel: Float32Array, units: number): Pick<IntegerWeights, 'kernel' | 'scales'> {
  const scales = new Float32Array(units);
  kernel.forEach((w, at) => {
    scales[at % units] = Math.max(scales[at % units]!, Math.abs(w) / 127);
  });
  return { kernel: Int8Array.from(kernel, (w, at) => Math.round(w / scales[at % units]!)), scales };
}

/** `values` are those of `exactValues` for the samples of calibration. */
export function integerLayers(
  layers: readonly PlacedLayer[],
  weights: readonly Float32Array[],
  values: readonly Float64Array[],
): IntegerLayers {
  const formats: Format[] = [formatOf(values[0]!)];
  const kernels: IntegerWeights[] = [];
  for (const [i, { layer }] of layers.entries()) {
    const input = formats[i]!;
    const moves = layer.kind === 'maxPool' || layer.kind === 'flatten'; // no number is a new one
    formats.push(moves ? input : formatOf(values[i + 1]!));
    if (layer.kind !== 'conv2d' && layer.kind !== 'depthwise' && layer.kind !== 'dense') continue;
    const [kernel, bias] = weights.slice(2 * kernels.length) as [Float32Array, Float32Array];
    const integers = integerKernel(kernel, bias.length);
    const rounded = Int32Array.from(bias, (b, j) => Math.round(b / (input.scale * integers.scales[j]!)));
    kernels.push({ ...integers, bias: rounded });
  }
  return { formats, weights: kernels };
}
