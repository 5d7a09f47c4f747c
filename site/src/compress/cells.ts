import type { Compressed } from '../engine/messages.ts';

export type Kernel = Compressed['kernels'][number];

/** What was done to a kernel, for a picture of its cells and for words about it. */
export interface Cells {
  /** Whether before and after are cell by cell the same; a student's kernel has other cells. */
  readonly isComparable: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
  /** 1 where a number is gone that was not zero before. */
  readonly pruned: Uint8Array;
  readonly prunedCount: number;
  /** after - before of those that are kept, and 0 of those that are not. */
  readonly errors: Float32Array;
  /** Of all numbers, and of all errors. */
  readonly largest: number;
  readonly largestError: number;
  /** Root of the mean square of errors of kept numbers. */
  readonly typicalError: number;
  /** How many different numbers are kept. */
  readonly distinct: number;
}

export function cellsOf({ rows, columns, before, after }: Kernel): Cells {
  const isComparable = before.length === after.length;
  const count = after.length;
  const pruned = new Uint8Array(count);
  const errors = new Float32Array(count);
  let prunedCount = 0;
  let squares = 0;
  let largest = 0;
  let largestError = 0;
  for (let i = 0; i < count; i++) {
    const [was, is] = [isComparable ? before[i]! : after[i]!, after[i]!];
    largest = Math.max(largest, Math.abs(was), Math.abs(is));
    if (is === 0 && was !== 0) {
      pruned[i] = 1;
      prunedCount++;
      continue;
    }
    errors[i] = is - was;
    squares += errors[i]! ** 2;
    largestError = Math.max(largestError, Math.abs(errors[i]!));
  }
  const typicalError = Math.sqrt(squares / Math.max(1, count - prunedCount));
  const distinct = new Set(after.filter((x) => x !== 0)).size;
  return {
    ...{ isComparable, rows, columns, values: after, pruned, prunedCount, errors },
    ...{ largest, largestError, typicalError, distinct },
  };
}

/** Cells as large as fit a width, in pixels: at least 3, at most 26. */
export const cellSize = (columns: number, width: number): number =>
  Math.max(3, Math.min(26, Math.floor(width / Math.max(1, columns))));
