import { existsSync, readFileSync } from 'node:fs';
import type { Network } from 'whittle-ml/infer';
import type { ArrayProblem } from './array-task.ts';
import { BENCH } from './folder.ts';
import type { IntegerLayers } from './image-int8.ts';
import type { ImageLayer } from './image-tasks.ts';
import type { OperationProblem } from './operation.ts';
import type { Task } from './tasks.ts';

/** C[m, n] = op(A)·op(B), the arrays as they are stored: A [k, m] with transA, B [n, k] with transB. */
export interface GemmProblem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA: boolean;
  readonly transB: boolean;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** Activations times int8 weights [k, n] that have one scale a column. */
export interface Int8Problem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** From float32 to float32, quantizing the activations in between; without it from int8 to int32. */
  readonly quantize: boolean;
  readonly a: Float32Array;
  /** `a` as integers. */
  readonly a8: Int8Array;
  readonly weights: Int8Array;
  readonly weightScales: Float32Array;
}

/** Adam with learning rate 0.001 and epsilon 1e-7 on one batch. */
export interface TrainProblem extends Pick<Task, 'sizes' | 'loss' | 'dropout' | 'batch'> {
  /** Layer by layer: kernel [inputs, units], bias [units]. */
  readonly weights: readonly Float32Array[];
  readonly x: Float32Array;
  /** One-hot rows, or one number a sample. */
  readonly y: Float32Array;
  /** How many losses `result` gives. */
  readonly steps: number;
}

/** A network for a batch of images. */
export interface ImageProblem {
  /** Each with the shape that it gets: [height, width, channels] or [features]. */
  readonly layers: readonly (ImageLayer & { readonly shape: readonly number[] })[];
  readonly batch: number;
  /** Layer by layer: kernel, bias, in the shapes that Keras gives them. */
  readonly weights: readonly Float32Array[];
  readonly shapes: readonly (readonly number[])[];
  readonly x: Float32Array;
}

/** From images to probabilities. */
export interface ImageInferProblem extends ImageProblem {
  /** The same network in integers, when that is asked for. */
  readonly int8: IntegerLayers | null;
}

/** Adam as in TrainProblem on a batch of images. */
export interface ImageTrainProblem extends ImageProblem {
  readonly dropout: number;
  /** One-hot rows. */
  readonly y: Float32Array;
  /** How many losses `result` gives. */
  readonly steps: number;
}

/** Dense layers with relu between them and a softmax at the end. */
export interface InferProblem {
  readonly sizes: readonly number[];
  readonly batch: number;
  readonly weights: readonly Float32Array[];
  readonly x: Float32Array;
  /** The same network in int8, when that is asked for. */
  readonly int8: Network | null;
}

/** A piece of work made ready by a peer: it has either `run` or `time` (see Variant). */
export interface Job {
  readonly run?: () => number;
  readonly time?: (iterations: number) => Promise<number>;
  readonly reset?: () => void;
  /** What one run computes, row-major; of training, the losses of the first steps. */
  readonly result: () => ArrayLike<number> | Promise<ArrayLike<number>>;
  /** In place of the row's check, where the peer can only do something similar; `note` says what. */
  readonly check?: () => void;
  readonly note?: string;
  /** See Variant. */
  readonly memory?: () => number;
  readonly close?: () => void;
}

/** An array of `shape`, its axes in another order, copied row-major. */
export interface CopyProblem {
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  readonly x: Float32Array;
}

/** A file of numbers with a header, the last column the target. */
export interface TableProblem {
  readonly path: string;
  readonly rows: number;
  readonly columns: number;
}

/** A table of numbers and the network 32-64-32-1 on it: a block of rows, which comes again `blocks` times. */
export interface RowsProblem {
  readonly sizes: readonly number[];
  readonly weights: readonly Float32Array[];
  /** A block of samples, and of targets. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly blocks: number;
  /** Samples of a batch: of 1,024 for predictions. */
  readonly batch: number;
  readonly float64: boolean;
}

type Maker<P> = (problem: P) => Job | Promise<Job> | null;

/** A model of scikit-learn's and ours to be fitted, with its defaults or an alpha of 0.05. */
export interface FitProblem {
  readonly model: 'linear' | 'ridge' | 'lasso' | 'elastic net' | 'logistic';
  readonly rows: number;
  readonly columns: number;
  readonly x: Float64Array;
  /** Numbers, or classes. */
  readonly y: Float64Array | Int32Array;
}

/** Another library. What it cannot do is absent, or answered with null. */
export interface Peer {
  readonly gemm?: Maker<GemmProblem>;
  readonly gemmInt8?: Maker<Int8Problem>;
  readonly copy?: Maker<CopyProblem>;
  readonly array?: Maker<ArrayProblem>;
  readonly operation?: Maker<OperationProblem>;
  readonly predict?: Maker<RowsProblem>;
  readonly epoch?: Maker<RowsProblem>;
  readonly train?: Maker<TrainProblem>;
  readonly trainImages?: Maker<ImageTrainProblem>;
  readonly infer?: Maker<InferProblem>;
  readonly inferImages?: Maker<ImageInferProblem>;
  readonly table?: Maker<TableProblem>;
  readonly fit?: Maker<FitProblem>;
  readonly close?: () => void;
}

/** A peer that could be there. */
export interface Listing {
  readonly name: string;
  /** The module in bench/peers that exports `open(name)`, which gives a Peer or a promise of one. */
  readonly module: string;
  /** A package of bench/peers that it needs; its version is the one that is shown. */
  readonly needs: string;
  /** A module of Python, where it is one. */
  readonly python?: string;
}

export const LISTINGS: readonly Listing[] = [
  { name: 'TensorFlow.js wasm', module: 'tfjs.mjs', needs: '@tensorflow/tfjs-backend-wasm' },
  { name: 'TensorFlow.js cpu', module: 'tfjs.mjs', needs: '@tensorflow/tfjs-backend-cpu' },
  { name: 'jax-js', module: 'jax.mjs', needs: '@jax-js/jax' },
  { name: 'ONNX Runtime web', module: 'ort.mjs', needs: 'onnxruntime-web' },
  { name: 'ONNX Runtime node', module: 'ort.mjs', needs: 'onnxruntime-node' },
  { name: 'brain.js', module: 'brain.mjs', needs: 'brain.js' },
  { name: 'ml-matrix', module: 'ml-matrix.mjs', needs: 'ml-matrix' },
  { name: 'papaparse', module: 'csv.mjs', needs: 'papaparse' },
  { name: 'd3-dsv', module: 'csv.mjs', needs: 'd3-dsv' },
  { name: 'udsv', module: 'csv.mjs', needs: 'udsv' },
  { name: 'NumPy', module: 'python.mjs', needs: 'numpy', python: 'numpy' },
  { name: 'PyTorch', module: 'python.mjs', needs: 'torch', python: 'torch' },
  { name: 'scikit-learn', module: 'python.mjs', needs: 'sklearn', python: 'sklearn' },
];

/** The version of a package in bench/peers; null when it is not installed. */
export function installedVersion(name: string): string | null {
  const path = new URL(`peers/node_modules/${name}/package.json`, BENCH);
  if (!existsSync(path)) return null;
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
}
