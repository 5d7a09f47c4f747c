import { repeated } from '../../kernels/calls.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { pairedRows } from '../../kernels/packing.ts';
import { elementsOf } from '../base/shape.ts';
import type { SparseWidth } from '../graph/sparse.ts';
import { Buffers } from './buffers.ts';
import { callsOf } from './compile.ts';
import type { Candidate, Choose, SparseEncoding, SparseKernel } from './site.ts';

/** When a program multiplies a kernel in sparse panels as such, and not as a whole matrix. */
export type SparseUse = 'measured' | 'always' | 'never';

/** How a kernel was chosen. */
export interface Choice {
  /** The kernel of the table that multiplies the panels. */
  readonly kernel: keyof Kernels;
  readonly isSparse: boolean;
  /** Milliseconds of the node by itself; null where the table lacks the kernel, or the clock stands still. */
  readonly times: Times | null;
}
interface Times {
  readonly dense: number;
  readonly sparse: number;
}
type Clock = () => number;

/** Milliseconds of a sample, and of all samples: three, of two forms in turns. */
const SAMPLE = 0.3;
const BUDGET = 2.5;
/** Calls of a clock in which one that ticks every millisecond has ticked. */
const PATIENCE = 1e5;

/**
 * Held numbers of a hundred up to which sparse panels count as faster where no clock runs, as in workers of some hosts, by
 * width. Measured on 512x512 with `wasm`: one by one for 32 samples, four for one (bench/, rows `sparse`).
 */
export const BREAK_EVEN: Readonly<Record<SparseWidth, number>> = { 1: 40, 4: 60, 16: 80 };

/** Panels where there is a kernel for them and they are faster. */
const where =
  (isFaster: (candidate: Candidate) => boolean): Choose =>
  (candidate) => {
    const { node, encoding } = candidate;
    const isFit = node.op === 'dense' || (node.op === 'conv' && node.attrs.groups === 1);
    return isFit && isFaster(candidate) ? (buffers) => sparseKernel(encoding, buffers) : null;
  };

function sparseKernel(encoding: SparseEncoding, buffers: Buffers): SparseKernel {
  const isReal = encoding.type === 'sparse';
  const paired = isReal ? encoding : pairedRows(encoding.starts, encoding.rows, encoding.values);
  const starts = buffers.copy('int32', paired.starts);
  const rows = buffers.copy('int32', paired.rows);
  const values = isReal ? buffers.copy('float32', encoding.values) : buffers.copy('int8', paired.values as Int8Array);
  return {
    real: () => [encoding.width, starts.array, rows.array, values.array as Float32Array],
    bytes: () => [starts.array, rows.array, values.array as Int8Array],
  };
}

/**
 * Chooses by measurement: both forms run on scratch memory with the layer's shape, pattern and batch, in turns, for about 3
 * milliseconds (longer where two calls of each take longer, or the clock ticks every millisecond), and the shortest sample
 * counts. Where the clock stands still the numbers held decide. A table without the kernel multiplies the whole matrix.
 */
export const measured = (
  note: (candidate: Candidate, choice: Choice) => void = () => {},
  now: Clock = () => performance.now(),
): Choose =>
  where((candidate) => {
    const { node, shape, encoding, kernels } = candidate;
    const kernel = `${node.op === 'dense' ? 'gemm' : 'conv2d'}Sparse${'scales' in encoding ? 'Int8' : ''}` as const;
    const has = kernels[kernel] !== undefined;
    const times = has ? timesOf(candidate, now) : null;
    const isSparse = times
      ? times.sparse < times.dense
      : has && 100 * encoding.values.length <= BREAK_EVEN[encoding.width] * elementsOf(shape);
    note(candidate, { kernel, isSparse, times });
    return isSparse;
  });

const never: Choose = () => null;
const always = where(() => true);
export const USES: Readonly<Record<SparseUse, Choose>> = { measured: measured(), always, never };

/** Milliseconds of a node as a whole matrix and in panels; null where the clock stands still. */
function timesOf({ batchSize, kernels, alone }: Candidate, now: Clock): Times | null {
  const buffers = new Buffers(kernels);
  try {
    const { heap } = kernels;
    const form = (choose: Choose): Timed => {
      const calls = callsOf(alone(choose, buffers), kernels, batchSize);
      // Not linked: that would compile a module for each trial
      return { actions: repeated(calls, { heap } as Kernels), least: Infinity };
    };
    const dense = form(never);
    const sparse = form(always);
    const begin = ticked(now);
    if (begin === null) return null;
    for (let last = begin; last < begin + BUDGET; )
      for (const each of [dense, sparse]) {
        let calls = 0;
        let spent = 0;
        for (; spent < SAMPLE; calls++) {
          for (const action of each.actions) action();
          spent = now() - last;
        }
        each.least = Math.min(each.least, spent / calls);
        last += spent;
      }
    return { dense: dense.least, sparse: sparse.least };
  } finally {
    buffers.dispose();
  }
}

interface Timed {
  readonly actions: readonly (() => void)[];
  least: number;
}

/** The time at which the clock ticks next; null if it does not. */
function ticked(now: Clock): number | null {
  const start = now();
  for (let i = 0; i < PATIENCE; i++) {
    const time = now();
    if (time > start) return time;
  }
  return null;
}
