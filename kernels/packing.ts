import type { Convolution } from './interface/convolution.ts';
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

/** Bytes of one matrix. */
export const matrixBytes = ({ units, runs, padded }: PackedKernel): number => packedBytes(runs * padded, units);

/** Bytes of a kernel as `packConvInt8` leaves it. */
export function packedLength(s: Convolution): number {
  const packed = packedKernelOf(s);
  return packed.groups * matrixBytes(packed);
}
