import { roundHalfEven } from '../../kernels/reference/math.ts';
import { ValueError } from '../base/errors.ts';
import type { QuantizationParams } from '../graph/graph.ts';

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
