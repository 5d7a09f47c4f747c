import type { Kernels } from '../../kernels/kernels.ts';
import { DTypeError, LimitError, ShapeError, ValueError } from '../base/errors.ts';
import { MAX_SIZE, type Shape, size } from '../base/shape.ts';
import type { ActivationSpec, DenseLayer, Network, QuantizationParams, QuantizedDenseLayer } from './network.ts';
import { foldedBias, networkShapes, validateNetwork } from './validate.ts';

/** A network made ready to run: kernels chosen, buffers allocated, zero points and scales folded. */
export interface Program {
  /** The most samples of one run. */
  readonly batchSize: number;
  /** Shapes of one sample. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /**
   * The network's output for the first `samples` samples of `input` (default: all that `input` holds), samples in
   * order. The result is a view of the program's memory and holds until the next run: copy it to keep it. `input` is
   * only read. Allocates nothing when the number of samples is that of the run before.
   */
  run(input: Float32Array, samples?: number): Float32Array;
}

/** One kernel call or two on the first `samples` samples. */
type Step = (samples: number, input: Float32Array) => void;

/** Where the numbers are: in float32 (null is the input of the run itself) or quantized. */
type Place =
  | { readonly type: 'real'; readonly data: Float32Array | null }
  | { readonly type: 'int8'; readonly data: Int8Array; readonly params: QuantizationParams };

/**
 * Plans a network for batches of up to `batchSize` samples on a table of kernels. The program reads the network's
 * float32 arrays in place: change a weight and the next run sees it; int8 weights are packed here, once. Throws what
 * `validateNetwork` throws, and DTypeError for float64 weights, which run on the model they came from.
 */
export function compileNetwork(network: Network, batchSize: number, kernels: Kernels): Program {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ValueError('compileNetwork', 'batchSize', 'a positive integer', batchSize);
  }
  validateNetwork(network);
  const shapes = networkShapes(network);
  const capacity = shapes.reduce((most, shape) => Math.max(most, size('compileNetwork', [batchSize, ...shape])), 0);
  const planner = new Planner(kernels, capacity);
  network.layers.forEach((layer, i) => {
    const shape = shapes[i + 1]!;
    if (layer.type === 'dense') planner.dense(layer, shape);
    else if (layer.type === 'quantizedDense') planner.quantizedDense(layer, shape);
    else if (layer.type === 'activation') planner.activation(layer.activation, shape);
    // Flatten moves nothing in row-major memory, and dropout is for training: numbers stay where and what they are.
  });
  const inputShape = shapes[0]!;
  const outputShape = shapes.at(-1)!;
  const output = planner.finish(size('compileNetwork', outputShape));
  return program(batchSize, inputShape, outputShape, planner.steps, output);
}

function program(
  batchSize: number,
  inputShape: Shape,
  outputShape: Shape,
  steps: readonly Step[],
  output: Float32Array,
): Program {
  const inputSize = size('program', inputShape);
  const outputSize = size('program', outputShape);
  let view = output.subarray(0, batchSize * outputSize);
  const count = (input: Float32Array, samples: number | undefined): number => {
    const held = inputSize === 0 ? batchSize : input.length / inputSize;
    const n = samples ?? held;
    if (samples === undefined && !Number.isInteger(n)) {
      throw new ShapeError('run', [inputShape], `${input.length} numbers are no whole number of samples`);
    }
    if (!Number.isInteger(n) || n < 0 || n > batchSize) {
      throw new ValueError('run', 'samples', `an integer from 0 to the compiled batch size ${batchSize}`, n);
    }
    if (n > held) throw new ShapeError('run', [inputShape], `${input.length} numbers are less than ${n} samples`);
    return n;
  };
  const run = (input: Float32Array, samples?: number): Float32Array => {
    const n = count(input, samples);
    for (const step of steps) step(n, input);
    if (view.length !== n * outputSize) view = output.subarray(0, n * outputSize);
    return view;
  };
  return { batchSize, inputShape, outputShape, run };
}

/** Appends steps while it follows where the numbers are. Two buffers of each type take turns. */
class Planner {
  readonly steps: Step[] = [];
  private readonly kernels: Kernels;
  private readonly capacity: number;
  private place: Place = { type: 'real', data: null };
  private readonly reals: Float32Array[] = [];
  private readonly bytes: Int8Array[] = [];
  private sums: Int32Array | null = null;

  constructor(kernels: Kernels, capacity: number) {
    this.kernels = kernels;
    this.capacity = capacity;
  }

  dense(layer: DenseLayer, shape: Shape): void {
    const { kernels } = this;
    const { inputs, units, weights, bias, name } = layer;
    if (!(weights instanceof Float32Array) || bias instanceof Float64Array) {
      throw new DTypeError('compileNetwork', ['float64'], `layer "${name}" must be float32`, 'Run the model itself?');
    }
    const x = this.real(size(name, shape.slice(0, -1)) * inputs);
    const y = this.otherReal();
    const rows = size(name, shape.slice(0, -1));
    const epilogue = layer.activation.name === 'relu' ? 'relu' : 'linear';
    this.steps.push((samples, input) => {
      kernels.gemm(samples * rows, units, inputs, x ?? input, false, weights, false, bias, epilogue, y);
    });
    this.place = { type: 'real', data: y };
    if (epilogue !== 'relu') this.activation(layer.activation, shape);
  }

  quantizedDense(layer: QuantizedDenseLayer, shape: Shape): void {
    const { kernels } = this;
    const { inputs, units, weights, output } = layer;
    const rows = size(layer.name, shape.slice(0, -1));
    const q = this.quantized(rows * inputs, layer.input);
    this.sums ??= allocate(Int32Array, this.capacity);
    const sums = this.sums;
    const bias = foldedBias(layer);
    const divisor = output?.scale ?? 1;
    const scales = layer.weightScales.map((scale) => (layer.input.scale * scale) / divisor);
    const packed = allocate(Int8Array, 32 * Math.ceil(units / 16) * Math.ceil(inputs / 2));
    kernels.packInt8(inputs, units, weights, packed);
    const multiply = (m: number): void => kernels.gemmInt8(m, units, inputs, q, packed, sums);
    if (output !== null) {
      const { zeroPoint } = output;
      const low = layer.activation.name === 'relu' ? zeroPoint : -128;
      const y = this.otherBytes();
      this.steps.push((samples) => {
        multiply(samples * rows);
        kernels.requantize(samples * rows, units, sums, bias, scales, zeroPoint, low, y);
      });
      this.place = { type: 'int8', data: y, params: output };
    } else {
      const y = this.otherReal();
      this.steps.push((samples) => {
        multiply(samples * rows);
        kernels.dequantizeColumns(samples * rows, units, sums, bias, scales, y);
      });
      this.place = { type: 'real', data: y };
      this.activation(layer.activation, shape);
    }
  }

  activation({ name, alpha }: ActivationSpec, shape: Shape): void {
    if (name === 'linear') return;
    const { kernels } = this;
    const n = size('compileNetwork', shape);
    const x = this.real(n);
    const onRows = name === 'softmax' || name === 'logSoftmax';
    // Elementwise kernels may write over what they read; the input of a run may not be written, nor rows of softmax.
    const y = x === null || onRows ? this.otherReal() : x;
    this.place = { type: 'real', data: y };
    if (onRows) {
      const kernel = kernels[name];
      const length = shape.at(-1)!;
      const rows = size('compileNetwork', shape.slice(0, -1));
      this.steps.push((samples, input) => kernel(samples * rows, length, x ?? input, y));
    } else if (name === 'leakyRelu' || name === 'elu') {
      const kernel = kernels[name];
      const parameter = alpha ?? (name === 'elu' ? 1 : 0.2);
      this.steps.push((samples, input) => kernel(samples * n, x ?? input, parameter, y));
    } else {
      const kernel = kernels[name === 'exponential' ? 'exp' : name];
      this.steps.push((samples, input) => kernel(samples * n, x ?? input, y));
    }
  }

  /** The result in float32, in memory of the program. */
  finish(n: number): Float32Array {
    const x = this.real(n);
    if (x !== null) return x;
    const y = this.otherReal();
    this.steps.push((samples, input) => {
      for (let i = 0; i < samples * n; i++) y[i] = input[i]!;
    });
    return y;
  }

  /** The present numbers, `n` a sample, in float32; null is the input of the run. */
  private real(n: number): Float32Array | null {
    if (this.place.type === 'real') return this.place.data;
    const { kernels } = this;
    const { data, params } = this.place;
    const y = this.otherReal();
    this.steps.push((samples) => kernels.dequantize(samples * n, data, params.scale, params.zeroPoint, y));
    this.place = { type: 'real', data: y };
    return y;
  }

  /** The present numbers, `n` a sample, as int8 under `params`. */
  private quantized(n: number, params: QuantizationParams): Int8Array {
    const { place, kernels } = this;
    const { scale, zeroPoint } = params;
    if (place.type === 'int8' && place.params.scale === scale && place.params.zeroPoint === zeroPoint) {
      return place.data;
    }
    const x = this.real(n);
    const q = this.otherBytes();
    this.steps.push((samples, input) => kernels.quantize(samples * n, x ?? input, scale, zeroPoint, q));
    this.place = { type: 'int8', data: q, params };
    return q;
  }

  private otherReal(): Float32Array {
    return other(this.reals, this.place.data, Float32Array, this.capacity);
  }

  private otherBytes(): Int8Array {
    return other(this.bytes, this.place.data, Int8Array, this.capacity);
  }
}

/** A buffer of `pool` that is not `busy`; a new one when there is none. */
function other<T>(pool: T[], busy: unknown, type: new (n: number) => T, capacity: number): T {
  const free = pool.find((buffer) => buffer !== busy);
  if (free !== undefined) return free;
  const buffer = allocate(type, capacity);
  pool.push(buffer);
  return buffer;
}

/** Memory that the machine may not have: a shape within limits can still ask for gigabytes. */
function allocate<T>(type: new (n: number) => T, n: number): T {
  try {
    return new type(n);
  } catch {
    throw new LimitError('compileNetwork', 'a buffer in elements', n, MAX_SIZE);
  }
}
