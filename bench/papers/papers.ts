import { deepCompression5, deepCompression300 } from './deep-compression.ts';
import { distillation } from './distillation.ts';
import type { Paper } from './paper.ts';

const PAPERS = {
  'lenet-300-100': deepCompression300,
  'lenet-5': deepCompression5,
  distillation,
} as const;

/** As --only calls them, in the order in which they run. */
export const NAMES: readonly string[] = Object.keys(PAPERS);

/** The papers of these names. With `quick` recipes of few epochs, which say nothing about the papers. */
export const papersOf = (names: readonly string[], quick: boolean): Paper[] =>
  names.map((name) => PAPERS[name as keyof typeof PAPERS](quick));
