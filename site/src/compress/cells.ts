import type { Compressed } from '../engine/messages.ts';

export type Kernel = Compressed['kernels'][number];

/** What was done to a kernel, for a picture of its cells and for words about it. */
export interface Cells {
  readonly rows: number;
  readonly columns: number;
  /** 1 where a number is gone. */
  readonly pruned: Uint8Array;
  readonly prunedCount: number;
  readonly values: Float32Array;
  /** Errors of rounding, after less exact; 0 where nothing is left. */
  readonly errors: Float32Array;
  /** Of all numbers, and of all errors. */
  readonly largest: number;
  readonly largestError: number;
  /** Root of the mean square of errors of what is left. */
  readonly typicalError: number;
  /** How many different numbers are left. */
  readonly distinct: number;
}

export function cellsOf({ rows, columns, mask, after, exact }: Kernel): Cells {
  const pruned = mask.map((kept) => 1 - kept);
  const errors = new Float32Array(after.length);
  const left = new Set<number>();
  let prunedCount = 0;
  let squares = 0;
  let largest = 0;
  let largestError = 0;
  for (let i = 0; i < after.length; i++) {
    if (pruned[i] === 1) {
      prunedCount++;
      continue;
    }
    left.add(after[i]!);
    errors[i] = after[i]! - exact[i]!;
    squares += errors[i]! ** 2;
    largest = Math.max(largest, Math.abs(after[i]!));
    largestError = Math.max(largestError, Math.abs(errors[i]!));
  }
  const typicalError = Math.sqrt(squares / Math.max(1, after.length - prunedCount));
  return {
    ...{ rows, columns, pruned, prunedCount, values: after, errors },
    ...{ largest, largestError, typicalError, distinct: left.size },
  };
}

/** Cells as large as fit a width, in pixels: at least 3, at most 18. */
export const cellSize = (columns: number, width: number): number =>
  Math.max(3, Math.min(18, Math.floor(width / Math.max(1, columns))));
