import { roundHalfEven } from '../../kernels/reference/math.ts';
import { ValueError } from '../base/errors.ts';
import type { QuantizationParams } from '../graph/graph.ts';

/** Quotients by smaller scales overflow. */
export const LEAST_SCALE: number = 2 ** -100;

/** The scale of int8 for a range; 0 or next to it for an empty one. */
const scaleOf = (low: number, high: number): number => Math.fround((Math.max(high, 0) - Math.min(low, 0)) / 255);

/** Whether ends are in order and float32 holds every step between them: NaN and what is infinite is in no order. */
export const isRange = (low: number, high: number): boolean =>
  low <= high && Math.fround(256 * scaleOf(low, high)) < Infinity;

/**
 * Scale and zero point for the range [low, high] in int8 (Jacob et al. 2018, section 2.1). The range is widened to
 * include 0, which is thus exact; an empty range gives scale 1. Throws ValueError for ends that are NaN, so far apart
 * that float32 could not hold every step between them, or in the wrong order.
 *
 * @example
 * chooseQParams(-16, 47.75); // { scale: 0.25, zeroPoint: -64 }
 * chooseQParams(100, 255); // { scale: 1, zeroPoint: -128 }
 */
export function chooseQParams(low: number, high: number): QuantizationParams {
  const from = Math.min(low, 0);
  const to = Math.max(high, 0);
  const scale = scaleOf(low, high);
  if (!isRange(low, high))
    throw new ValueError('chooseQParams', 'the range', 'within float32, the low end first', [low, high]);
  if (scale < LEAST_SCALE) return { scale: 1, zeroPoint: from < 0 && to === 0 ? 127 : to > 0 && from === 0 ? -128 : 0 };
  return { scale, zeroPoint: Math.min(127, Math.max(-128, roundHalfEven(-128 - from / scale))) };
}
