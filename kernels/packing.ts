import type { Convolution } from './interface/convolution.ts';
import type { LevelBits } from './interface/levels.ts';
import { groupsOf, isDepthwise } from './phases.ts';

/** The matrices that a packed int8 kernel of a convolution is made of, one for each group. */
export interface PackedKernel {
  readonly groups: number;
  /** Columns of a matrix. */
  readonly units: number;
  /** Runs of rows, the rows of a run, and those with the row of zeros that makes them even. */
  readonly runs: number;
  readonly run: number;
  readonly padded: number;
}

export function packedKernelOf(s: Convolution): PackedKernel {
  const taps = s.kernelHeight * s.kernelWidth;
  const groups = groupsOf(s);
  const units = s.units / Math.max(1, groups);
  if (isDepthwise(s)) return { groups, units, runs: 1, run: taps, padded: taps };
  const perTap = s.channels / s.groups;
  const isWhole = s.groups === 1 && s.dilationX === 1;
  const runs = isWhole ? s.kernelHeight : taps;
  const run = isWhole ? s.kernelWidth * perTap : perTap;
  return { groups, units, runs, run, padded: run + (run & 1) };
}

/** Bytes of a matrix [k, n] packed by `packInt8`. */
export const packedBytes = (k: number, n: number): number => 32 * Math.ceil(n / 16) * Math.ceil(k / 2);

/** Numbers of a matrix [k, n] in panels of sixteen columns, as `packPanels` leaves it. */
export const panelsLength = (k: number, n: number): number => 16 * Math.ceil(n / 16) * k;

/** Words of a matrix [k, n] of levels, as `packLevels` leaves it. */
export const levelWords = (bits: LevelBits, k: number, n: number): number =>
  16 * Math.ceil(n / 16) * Math.ceil((k * bits) / 32);

/** Bytes of one matrix. */
export const matrixBytes = ({ units, runs, padded }: PackedKernel): number => packedBytes(runs * padded, units);

/** Bytes of a kernel as `packConvInt8` leaves it. */
export function packedLength(s: Convolution): number {
  const packed = packedKernelOf(s);
  return packed.groups * matrixBytes(packed);
}

/** A matrix in sparse panels of sixteen columns as products in int8 read it (`gemmSparseInt8`). */
export interface PairedRows {
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly values: Int8Array;
}

/**
 * The rows of sparse panels [blocks][16], two by two; the last of an odd number is with itself, times 0.
 *
 * @example
 * const { starts, rows } = pairedRows(Int32Array.of(0, 3), Int32Array.of(0, 2, 5), new Int8Array(48));
 * rows; // Int32Array(4) [ 0, 2, 5, 5 ]
 * starts; // Int32Array(2) [ 0, 2 ]
 */
export function pairedRows(starts: Int32Array, rows: Int32Array, values: Int8Array): PairedRows {
  const pairs = new Int32Array(starts.length);
  for (let p = 1; p < starts.length; p++) pairs[p] = pairs[p - 1]! + Math.ceil((starts[p]! - starts[p - 1]!) / 2);
  const paired = { starts: pairs, rows: new Int32Array(2 * pairs.at(-1)!), values: new Int8Array(32 * pairs.at(-1)!) };
  for (let p = 1; p < starts.length; p++) {
    const end = starts[p]!;
    let to = 2 * pairs[p - 1]!;
    for (let i = starts[p - 1]!; i < end; i++, to++) {
      paired.rows[to] = rows[i]!;
      if (i === end - 1) paired.rows[to | 1] = rows[i]!;
      for (let j = 0; j < 16; j++) paired.values[((to >> 1) * 16 + j) * 2 + (to & 1)] = values[i * 16 + j]!;
    }
  }
  return paired;
}
