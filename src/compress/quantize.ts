import { roundHalfEven } from '../../kernels/reference/math.ts';
import { slice } from '../autograd/movement.ts';
import { noGrad } from '../autograd/tape.ts';
import { DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import type { DenseLayer, Network, NetworkLayer, QuantizationParams, QuantizedDenseLayer } from '../infer/network.ts';
import { step } from '../memory/arena.ts';
import { run } from '../memory/runtime.ts';
import { Dense } from '../nn/layers.ts';
import { toNetwork } from '../nn/network.ts';
import { batchesOf } from '../nn/samples.ts';
import type { Sequential } from '../nn/sequential.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type MeasureOptions, type PassReport, report } from './measure.ts';

export interface QuantizeOptions extends MeasureOptions {
  /** Typical inputs [samples, ...inputShape], float32: the ranges of activations are read off them. */
  readonly calibration: Tensor;
}

/**
 * Scale and zero point for the range [low, high] in int8 (Jacob et al. 2018, section 2.1). The range is widened to
 * include 0, which is thus exact; an empty range gives scale 1. Throws ValueError for ends that are NaN, so far apart
 * that float32 could not hold every step between them, or in the wrong order.
 */
export function chooseQParams(low: number, high: number): QuantizationParams {
  const from = Math.min(low, 0);
  const to = Math.max(high, 0);
  const scale = Math.fround((to - from) / 255);
  if (!(low <= high && Math.fround(256 * scale) < Infinity))
    throw new ValueError('chooseQParams', 'the range', 'within float32, the low end first', [low, high]);
  // Ranges below float32's normal numbers would give scales whose quotients overflow.
  if (scale < 2 ** -100) return { scale: 1, zeroPoint: from < 0 && to === 0 ? 127 : to > 0 && from === 0 ? -128 : 0 };
  return { scale, zeroPoint: Math.min(127, Math.max(-128, roundHalfEven(-128 - from / scale))) };
}

/**
 * Static int8 quantization: weights int8 with one symmetric scale per output, activations int8 with the ranges that
 * `calibration` shows, int32 accumulators, integer products. A relu that follows a Dense layer becomes part of it, and
 * Dropout, which does nothing when a network runs, is left out. Other activations, and the outputs, are real numbers.
 */
export function quantize(
  model: Sequential,
  { calibration, ...options }: QuantizeOptions,
): { network: Network; report: PassReport } {
  if (model.dtype !== 'float32') throw new DTypeError('quantize', [model.dtype], 'needs a float32 model');
  if (calibration.size === 0) throw new ShapeError('quantize', [calibration.shape], 'there are no calibration samples');
  if (!sameShape(calibration.shape.slice(1), model.inputShape)) {
    throw new ShapeError('quantize', [calibration.shape, model.inputShape], 'the samples do not fit the model');
  }
  const inputs = inputRanges(model, calibration);
  const float = toNetwork(model);
  const layers = fuse(float.layers);
  const quantized = layers.map((layer, i): NetworkLayer => {
    if (layer.type !== 'dense') return layer;
    // int8 passes on only where the next layer with arithmetic is quantized too.
    const next = layers.slice(i + 1).find(({ type }) => type !== 'flatten');
    const plain = layer.activation.name === 'linear' || layer.activation.name === 'relu';
    const output = plain && next?.type === 'dense' ? inputs.get(next.name)! : null;
    return quantizeDense(layer, inputs.get(layer.name)!, output);
  });
  const network = { inputShape: float.inputShape, layers: quantized };
  return {
    network,
    report: report(model, network, options, (before, after) => [
      `weights take one byte instead of four: ${after.bytes} bytes instead of ${before.bytes}`,
      'parameters and multiply-adds do not change in number; the products are integer products',
      ...(before.latency !== undefined && after.latency !== undefined && after.latency.batch64 > before.latency.batch64
        ? ['int8 is slower than float32 in plain TypeScript; it is faster where a kernel uses SIMD']
        : []),
    ]),
  };
}

/** What goes into each Dense layer on the calibration samples. */
function inputRanges(model: Sequential, x: Tensor): Map<string, QuantizationParams> {
  const ranges = new Map<string, [low: number, high: number]>();
  for (const [start, count] of batchesOf(x.shape[0]!, 256)) {
    step(() =>
      noGrad(() => {
        let y = slice(x, [[start, start + count]]);
        for (const layer of model.layers) {
          if (layer instanceof Dense) {
            let [low, high] = ranges.get(layer.name) ?? [0, 0];
            for (const value of y.data) {
              if (!Number.isFinite(value))
                throw new ValueError('quantize', `the input of ${layer.name}`, 'finite', value);
              if (value < low) low = value;
              if (value > high) high = value;
            }
            ranges.set(layer.name, [low, high]);
          }
          y = layer.call(y, { training: false, step: 0, penalties: [], logits: false });
        }
      }),
    );
  }
  return new Map([...ranges].map(([name, [low, high]]) => [name, chooseQParams(low, high)]));
}

/** Drops Dropout layers, and lets a linear Dense layer take over an activation that follows it. */
function fuse(layers: readonly NetworkLayer[]): NetworkLayer[] {
  const result: NetworkLayer[] = [];
  for (const layer of layers) {
    const last = result.at(-1);
    if (layer.type === 'dropout') continue;
    if (layer.type === 'activation' && last?.type === 'dense' && last.activation.name === 'linear') {
      result[result.length - 1] = { ...last, activation: layer.activation };
    } else result.push(layer);
  }
  return result;
}

/** Biases stay below this, which leaves the accumulators room for 57,000 products; `foldedBias` refuses an overflow. */
const BIAS_LIMIT = 2 ** 28;

function quantizeDense(
  layer: DenseLayer,
  input: QuantizationParams,
  output: QuantizationParams | null,
): QuantizedDenseLayer {
  const { name, inputs, units, activation } = layer;
  const weights = Float32Array.from(layer.weights);
  const weightScales = new Float32Array(units);
  for (let j = 0; j < units; j++) {
    let largest = 0;
    for (let i = 0; i < inputs; i++) largest = Math.max(largest, Math.abs(weights[i * units + j]!));
    const offset = Math.abs(layer.bias?.[j] ?? 0);
    if (!(largest + offset < Infinity))
      throw new ValueError('quantize', `the parameters of ${name}`, 'finite', largest + offset);
    // A large bias on tiny weights needs a coarser scale, or it would not fit its integer.
    const forBias = offset / (input.scale * BIAS_LIMIT);
    const scale = Math.fround(Math.max(largest / 127, forBias));
    weightScales[j] = scale < 2 ** -100 ? 1 : scale;
  }
  const q = new Int8Array(inputs * units);
  run.kernels.quantizeColumns(inputs, units, weights, weightScales, q);
  const bias = Int32Array.from({ length: units }, (_, j) =>
    roundHalfEven((layer.bias?.[j] ?? 0) / (input.scale * weightScales[j]!)),
  );
  return { type: 'quantizedDense', name, inputs, units, weights: q, weightScales, bias, input, output, activation };
}
