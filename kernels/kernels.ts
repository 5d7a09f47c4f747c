import type { FloatArray } from './arrays.ts';
import type { ConvolutionKernels } from './interface/convolution.ts';
import type { ElementwiseKernels } from './interface/elementwise.ts';
import type { KernelHeap } from './interface/heap.ts';
import type { IntegerImageKernels } from './interface/integer-images.ts';
import type { IntegerKernels } from './interface/integers.ts';
import type { LevelKernels } from './interface/levels.ts';
import type { MovementKernels } from './interface/movement.ts';
import type { NormalizationKernels } from './interface/normalization.ts';
import type { OptimizerKernels } from './interface/optimizers.ts';
import type { PoolingKernels } from './interface/pooling.ts';
import type { ProductKernels } from './interface/products.ts';
import type { RandomKernels } from './interface/random.ts';
import type { ReductionKernels } from './interface/reductions.ts';
import type { RowKernels } from './interface/rows.ts';
import type { ScanKernels } from './interface/scans.ts';
import type { SortingKernels } from './interface/sorting.ts';
import type { SparseKernels } from './interface/sparse.ts';
import type { SparseImageKernels } from './interface/sparse-images.ts';
import type { SparseIntegerKernels } from './interface/sparse-integers.ts';

/**
 * The kernel interface: plain synchronous functions over flat, row-major, contiguous arrays.
 *
 * A kernel takes sizes as integers and writes into an output that the caller supplies. It allocates nothing, checks
 * nothing and knows no shapes. Arrays may be longer than the sizes say. A size of 0 is legal and writes nothing,
 * unless the kernel says otherwise. An output may be the same array as an input of the same size for the elementwise
 * kernels, and for no other.
 *
 * `reference` defines what each kernel computes, to the bit, and `reference64` of doubles; other tables equal them. NaN payloads are not defined.
 */

/** The families of one type of floats. */
export interface FloatKernels<F extends FloatArray>
  extends ProductKernels<F>,
    ConvolutionKernels<F>,
    PoolingKernels<F>,
    NormalizationKernels<F>,
    ElementwiseKernels<F>,
    ReductionKernels<F>,
    RowKernels<F>,
    ScanKernels<F>,
    OptimizerKernels<F>,
    RandomKernels<F>,
    SparseKernels<F>,
    SparseImageKernels<F> {}

/** A kernel call as a call of a compiled function with numbers alone. */
export interface LinkedCall {
  readonly fn: (...operands: number[]) => number;
  /** The type of each operand by a letter: i for int32, f for float32, d for float64. */
  readonly params: string;
  readonly operands: readonly number[];
}

/** A whole table for float32: what `setBackend` takes. */
export interface Kernels
  extends FloatKernels<Float32Array>,
    MovementKernels,
    SortingKernels,
    IntegerKernels,
    IntegerImageKernels,
    SparseIntegerKernels,
    LevelKernels {
  /** The table's own memory, if it has one. */
  readonly heap?: KernelHeap;
  /** What a call of one of this table's kernels comes down to, without making it; null if it cannot be said so. */
  readonly link?: (kernel: AnyKernel, args: readonly unknown[]) => readonly LinkedCall[] | null;
  /** One function that makes the calls that `link` gave, in turn. */
  readonly join?: (calls: readonly LinkedCall[]) => () => void;
}

/** Some kernel, when it does not matter which. */
export type AnyKernel = (...args: readonly never[]) => void;

/** A whole table for float64: `reference64` defines the bits, `cpu64` and `wasm64` equal it. */
export interface Kernels64 extends FloatKernels<Float64Array>, MovementKernels {}
