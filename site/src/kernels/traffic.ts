import type { Choice } from './ladders.ts';

/** What a rung has to do at least, whatever way it goes about it. */
export interface Traffic {
  /** Multiplications and additions that are carried out, each counted. */
  readonly operations: number;
  /** Bytes of operands and results, each moved once: what no cache can save. */
  readonly bytes: number;
  readonly arithmetic: 'floats' | 'integers';
}

const FLOAT = 4;

/** Columns of a block of weights that is held or left out whole. */
const WIDTHS: Readonly<Record<string, number>> = { panels: 16, quads: 4, columns: 1 };

/** Of a variant of a row, which the benchmarks tell apart by `how`. */
export function trafficOf(choice: Choice, how: string): Traffic {
  switch (choice.ladder) {
    case 'gemm': {
      const cells = choice.n ** 2;
      return { operations: 2 * cells * choice.n, bytes: 3 * FLOAT * cells, arithmetic: 'floats' };
    }
    case 'int8': {
      const cells = choice.n ** 2;
      const operations = 2 * cells * choice.n;
      if (how === 'float32') return { operations, bytes: 3 * FLOAT * cells, arithmetic: 'floats' };
      // Weights of a byte; sums of four; activations of a byte, or of four where quantizing them is a part of the work.
      const bytes = cells * (1 + FLOAT + (how === 'int8' ? 1 : FLOAT));
      return { operations, bytes, arithmetic: 'integers' };
    }
    case 'conv': {
      const { size, channels, units, side, batch } = choice;
      const positions = batch * side ** 2;
      const taps = size ** 2 * channels;
      return {
        operations: 2 * positions * taps * units,
        bytes: FLOAT * (positions * (channels + units) + taps * units),
        arithmetic: 'floats',
      };
    }
    case 'sparse': {
      const { n, sparsity, batch } = choice;
      const width = WIDTHS[how];
      const held = width === undefined ? n * n : (n * n * (100 - sparsity)) / 100;
      const indices = width === undefined ? 0 : held / width + n / width + 1;
      const bytes = FLOAT * (2 * batch * n + held + indices);
      return { operations: 2 * batch * held, bytes, arithmetic: 'floats' };
    }
  }
}
