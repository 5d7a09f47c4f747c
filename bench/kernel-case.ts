import type { Kernels, TypedArray } from 'whittle-ml/kernels';
import { normal } from './data.ts';
import type { Place } from './tables.ts';

/** A kernel on arrays made beforehand: a call, and the array that it writes. */
export interface Call {
  readonly call: () => void;
  readonly y: TypedArray;
}

/** Every kernel's name; a key of an interface could be a symbol as well. */
export type KernelName = keyof Kernels & string;

export interface KernelCase {
  readonly kernel: KernelName;
  /** What it is called with. */
  readonly size: string;
  /** Elements that one call reads or writes: what the rate counts. */
  readonly work: number;
  readonly quick: boolean;
  readonly make: (k: Kernels, place: Place) => Call;
}

export type Make = KernelCase['make'];

/** Fits the first cache of every machine, and is a hidden layer of 128 units on a batch of 32. */
export const N = 4096;
export const ROWS = 32;
export const COLS = 128;
export const MATRIX = `${ROWS}x${COLS}`;
/** The parameters of 100-64-64-10, and of a network ten times as large. */
export const PARAMETERS = [11178, 100_000] as const;
export const CLASSES = 12;

/** Kernels that `--quick` takes: those that a training step spends its time in. */
const QUICK: ReadonlySet<string> = new Set([
  `relu ${N}`,
  `exp ${N}`,
  `tanh ${N}`,
  `add ${MATRIX} + bias`,
  `sum rows ${MATRIX}`,
  `softmax ${MATRIX}`,
  'softmaxCrossEntropy 32x12',
  `dropout ${N}`,
  `adam ${PARAMETERS[0]}`,
  `quantize ${N}`,
]);

export const kernelCase = (kernel: KernelName, size: string, work: number, make: Make): KernelCase => ({
  kernel,
  size,
  work,
  quick: QUICK.has(`${kernel} ${size}`),
  make,
});

export const positive = (n: number, stream: number): Float32Array => normal(n, stream).map((x) => Math.abs(x) + 0.01);
