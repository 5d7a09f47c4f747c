import type { Settings } from '../../../bench/measure.ts';
import type { Patience } from './messages.ts';

/** Seconds. A browser's clock ticks every 0.1 ms: a sample is hundreds of ticks long. */
export const PATIENCE: Readonly<Record<Patience, Settings>> = {
  quick: { rounds: 5, minTime: 0.04, warmUp: 0.15, budget: 1.5 },
  thorough: { rounds: 15, minTime: 0.1, warmUp: 0.5, budget: 6 },
};
