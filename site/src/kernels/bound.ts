import type { VariantResult } from '../../../bench/measure.ts';
import type { Peak } from '../../../bench/roofline.ts';
import type { Choice } from './ladders.ts';
import { trafficOf } from './traffic.ts';

/** Where a rung lies in the roofline (Williams, Waterman & Patterson 2009). */
export interface Mark {
  /** Operations for each byte that must be moved. */
  readonly intensity: number;
  /** Operations a second that are carried out, by 1e9: what is skipped does not count. */
  readonly rate: number;
  /** The most that this machine allows at this intensity, by 1e9; null where its arithmetic could not be measured. */
  readonly bound: number | null;
  /** rate / bound. Above 1 where operands come from a cache, which is faster than memory. */
  readonly share: number | null;
}

/** The roof over an intensity: memory up to the ridge, arithmetic beyond it. */
export function boundAt(peak: Peak, arithmetic: 'floats' | 'integers', intensity: number): number | null {
  const flat = arithmetic === 'floats' ? peak.gflops : peak.integers;
  return flat === null ? null : Math.min(flat, peak.bandwidth * intensity);
}

export function markOf(choice: Choice, { how, median }: Pick<VariantResult, 'how' | 'median'>, peak: Peak): Mark {
  const { operations, bytes, arithmetic } = trafficOf(choice, how);
  const intensity = operations / bytes;
  const rate = operations / median / 1e9;
  const bound = boundAt(peak, arithmetic, intensity);
  return { intensity, rate, bound, share: bound === null ? null : rate / bound };
}
