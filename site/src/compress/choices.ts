import type { CompressSettings } from '../state/settings.ts';

/** What the controls offer, in order. */
export const PATTERNS: readonly CompressSettings['pattern'][] = ['weights', 'panels', 'neurons'];
export const BITS: readonly CompressSettings['bits'][] = [32, 16, 8, 4];
/** Numbers a kernel; 0: not shared. */
export const SHARED: readonly number[] = [0, 2, 4, 8, 16, 32, 64, 128, 256];
/** Widths of a student; 1: none. */
export const STUDENTS: readonly number[] = [1, 0.75, 0.5, 0.25, 0.125];

/** Whether training for fewer bits means something. */
export const mayTrain = ({ bits }: CompressSettings): boolean => bits <= 8;

/** Choices with the value that is set, which an address may have set between them. */
export const withCurrent = (choices: readonly number[], current: number): readonly number[] =>
  choices.includes(current) ? choices : [...choices, current].sort((a, b) => a - b);
