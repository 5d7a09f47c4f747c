import type { Scale } from '../shell/scales.ts';
import type { CompressSettings } from '../state/settings.ts';

export const SPARSITY: Scale = { min: 0, max: 0.98, step: 0.02 };
export const PATTERNS: readonly CompressSettings['pattern'][] = ['weights', 'panels', 'neurons'];
export const BITS: Scale = { stops: [4, 8, 16, 32] };
/** Numbers a kernel; 0: not shared. */
export const SHARED: Scale = { stops: [0, 2, 4, 8, 16, 32, 64, 128, 256] };
/** Widths of a student; 1: none. */
export const STUDENTS: Scale = { stops: [0.125, 0.25, 0.5, 0.75, 1] };
export const EPOCHS: Scale = { min: 0, max: 500, step: 10 };

/** The bits that a place of a slider stands for. */
export const bitsOf = (value: number): CompressSettings['bits'] =>
  value === 4 || value === 8 || value === 16 ? value : 32;

/** Whether training for fewer bits means something. */
export const mayTrain = ({ bits }: CompressSettings): boolean => bits <= 8;

/** What is set when other bits are chosen: training for fewer bits ends where it means nothing. */
export const withBits = (set: CompressSettings, bits: CompressSettings['bits']): CompressSettings => ({
  ...set,
  bits,
  trained: set.trained && mayTrain({ ...set, bits }),
});
