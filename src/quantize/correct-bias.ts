import { roundHalfEven } from '../../kernels/reference/math.ts';
import { checkOptions } from '../base/options.ts';
import type { QuantizedNetwork } from '../compress/quantized.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Encoding, Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import type { Model } from '../nn/model.ts';
import { type AfterCareOptions, layerByLayer, type QuantizedLayer } from './layer-by-layer.ts';
import { BIAS_LIMIT } from './weights.ts';

/**
 * Bias correction (Nagel et al. 2019, arXiv 1906.04721, section 4.2, in its empirical form): rounding shifts the mean of what
 * a layer sums up, and its bias takes the shift back. Layer by layer from the inputs on, of dense layers and convolutions of
 * any kind, the mean of each unit's sums over the calibration samples (and the positions of an image) becomes that of the real
 * network, as far as the bias has numbers for it; a bias is made where there is none. A layer that is used several times gets
 * the mean of all its uses, those behind the first as they were before. What is pruned of a bias stays 0. `quantized` is the
 * network that `quantize` made of the subject, in any formats; it is not changed. Throws StateError for another network, by the names
 * and shapes of its layers.
 *
 * @example
 * const rounded = quantize(model, { format: 'int4' });
 * const corrected = correctBias(model, rounded, { calibration: x });
 * const shift = (network: Network) => max(abs(mean(sub(predictNetwork(network, x), model.predict(x)), { axis: 0 }))).item();
 * shift(corrected) < shift(rounded) / 10; // true
 */
export function correctBias(
  subject: Model | Graph<Stored>,
  quantized: Graph<Stored>,
  options: AfterCareOptions = {} as AfterCareOptions,
): QuantizedNetwork {
  checkOptions('correctBias', options, 'calibration');
  return layerByLayer('correctBias', subject, quantized, options.calibration, (layer) => {
    const shifts = meanShifts(layer);
    const bias = shifted(layer, shifts);
    return bias === null ? {} : { bias };
  });
}

/** By how much the mean of each sum is too low, over samples and positions. */
function meanShifts({ sums, realSums, units }: QuantizedLayer): Float64Array {
  const real = realSums();
  const quantized = sums();
  const totals = new Float64Array(units);
  real.data.forEach((y, i) => {
    totals[i % units]! += y - quantized.data[i]!;
  });
  return totals.map((total) => (total * units) / real.size);
}

/** The bias with these added; null where that changes nothing. */
function shifted({ bias, biasScales, units }: QuantizedLayer, shifts: Float64Array): Stored | null {
  const old = bias === null ? new Float32Array(units) : (decodeWeight(bias) ?? bias.encoding.values);
  const values = shifts.map((shift, j) => {
    if (bias?.mask?.[j] === 0 || !Number.isFinite(shift)) return old[j]!;
    if (biasScales === null) return Math.fround(old[j]! + shift);
    return Math.min(BIAS_LIMIT, Math.max(-BIAS_LIMIT, roundHalfEven(old[j]! + shift / biasScales[j]!)));
  });
  if (values.every((b, j) => b === old[j])) return null;
  const encoding: Encoding =
    biasScales === null
      ? { type: 'float32', values: Float32Array.from(values) }
      : { type: 'int32', values: Int32Array.from(values) };
  return { shape: [units], encoding, mask: bias?.mask ?? null };
}
