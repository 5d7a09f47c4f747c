import { type KernelCall, noting, repeated } from '../../kernels/calls.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { DTypeError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { type Shape, size } from '../base/shape.ts';
import { type Buffer, Buffers } from './buffers.ts';
import type { ActivationSpec, DenseLayer, Network, QuantizationParams, QuantizedDenseLayer } from './network.ts';
import { foldedBias, networkShapes, validateNetwork } from './validate.ts';

/** A network made ready to run: weights copied, kernels chosen, buffers allocated, zero points and scales folded. */
export interface Program {
  /** The most samples of one run. */
  readonly batchSize: number;
  /** Shapes of one sample. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /**
   * The network's output for the first `samples` samples of `input` (default: all that `input` holds), samples in
   * order. The result is a view of the program's memory and holds until the next run: copy it to keep it. `input` is
   * only read. Allocates nothing when the number of samples is one of the last few.
   */
  run(input: Float32Array, samples?: number): Float32Array;
  /** Gives the memory back; `run` throws StateError from then on. */
  dispose(): void;
}

/** One kernel call or two on the first `samples` samples, on the table given. */
type Step = (kernels: Kernels, samples: number) => void;

/** Where the numbers are: in float32 or quantized. */
type Place =
  | { readonly type: 'real'; readonly data: Buffer<'float32'> }
  | { readonly type: 'int8'; readonly data: Buffer<'int8'>; readonly params: QuantizationParams };

/**
 * Plans a network for batches of up to `batchSize` samples on a table of kernels. The program has a copy of the weights,
 * int8 ones packed for the kernels. The first run with a number of samples writes its kernel calls down, later ones
 * repeat them. Throws what `validateNetwork` throws, and DTypeError for float64 weights, which run on the model they came
 * from.
 */
export function compileNetwork(network: Network, batchSize: number, kernels: Kernels): Program {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ValueError('compileNetwork', 'batchSize', 'a positive integer', batchSize);
  }
  validateNetwork(network);
  const shapes = networkShapes(network);
  const capacity = shapes.reduce((most, shape) => Math.max(most, size('compileNetwork', [batchSize, ...shape])), 0);
  const buffers = new Buffers(kernels);
  try {
    const planner = new Planner(kernels, buffers, capacity, size('compileNetwork', [batchSize, ...shapes[0]!]));
    network.layers.forEach((layer, i) => {
      const shape = shapes[i + 1]!;
      if (layer.type === 'dense') planner.dense(layer, shape);
      else if (layer.type === 'quantizedDense') planner.quantizedDense(layer, shape);
      else if (layer.type === 'activation') planner.activation(layer.activation, shape);
      // Flatten moves nothing in row-major memory, and dropout is for training: numbers stay where and what they are.
    });
    const output = planner.finish(size('compileNetwork', shapes.at(-1)!));
    const plan = { batchSize, inputShape: shapes[0]!, outputShape: shapes.at(-1)! };
    return new PlannedProgram(plan, kernels, planner.steps, planner.input, output, buffers);
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}

/** Numbers of samples whose calls are remembered. */
const REMEMBERED = 4;

/** A run with one number of samples. */
interface Run {
  readonly samples: number;
  readonly actions: readonly (() => void)[];
  readonly result: Float32Array;
}

class PlannedProgram implements Program {
  readonly batchSize: number;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  private readonly inputSize: number;
  private readonly outputSize: number;
  private readonly kernels: Kernels;
  private readonly steps: readonly Step[];
  private readonly input: Buffer<'float32'>;
  private readonly output: Buffer<'float32'>;
  private readonly buffers: Buffers;
  private runs: Run[] = [];
  private growths: number;
  private isDisposed = false;

  constructor(
    { batchSize, inputShape, outputShape }: Pick<Program, 'batchSize' | 'inputShape' | 'outputShape'>,
    kernels: Kernels,
    steps: readonly Step[],
    input: Buffer<'float32'>,
    output: Buffer<'float32'>,
    buffers: Buffers,
  ) {
    this.batchSize = batchSize;
    this.inputShape = inputShape;
    this.outputShape = outputShape;
    this.inputSize = size('program', inputShape);
    this.outputSize = size('program', outputShape);
    this.kernels = kernels;
    this.steps = steps;
    this.input = input;
    this.output = output;
    this.buffers = buffers;
    this.growths = kernels.heap?.generation ?? 0;
    buffers.releaseWith(this);
  }

  run(input: Float32Array, samples?: number): Float32Array {
    const n = this.count(input, samples);
    const { length } = input;
    this.input.array.set(length === n * this.inputSize ? input : input.subarray(0, n * this.inputSize));
    const growths = this.kernels.heap?.generation ?? 0;
    if (growths !== this.growths) this.runs = []; // they hold arrays of before
    this.growths = growths;
    for (let i = 0; i < this.runs.length; i++) {
      const { samples: known, actions, result } = this.runs[i]!;
      if (known !== n) continue;
      for (let j = 0; j < actions.length; j++) actions[j]!();
      return result;
    }
    return this.first(n);
  }

  dispose(): void {
    this.isDisposed = true;
    this.runs = [];
    this.buffers.dispose();
  }

  /** Runs step by step and remembers the calls. */
  private first(samples: number): Float32Array {
    const calls: KernelCall[] = [];
    const kernels = noting(this.kernels, (call) => void calls.push(call));
    for (const step of this.steps) step(kernels, samples);
    const result = this.output.array.subarray(0, samples * this.outputSize);
    if (this.runs.length === REMEMBERED) this.runs.shift();
    this.runs.push({ samples, actions: calls.flatMap((call) => repeated(call, this.kernels)), result });
    return result;
  }

  private count(input: Float32Array, samples: number | undefined): number {
    const { inputSize, batchSize, inputShape } = this;
    if (this.isDisposed) throw new StateError('run', 'the program was disposed of');
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
  }
}

/** Appends steps while it follows where the numbers are. Two buffers of each type take turns. */
class Planner {
  readonly steps: Step[] = [];
  readonly input: Buffer<'float32'>;
  private readonly kernels: Kernels;
  private readonly buffers: Buffers;
  private readonly capacity: number;
  private place: Place;
  private readonly reals: Buffer<'float32'>[] = [];
  private readonly bytes: Buffer<'int8'>[] = [];
  private sums: Buffer<'int32'> | null = null;

  constructor(kernels: Kernels, buffers: Buffers, capacity: number, inputs: number) {
    this.kernels = kernels;
    this.buffers = buffers;
    this.capacity = capacity;
    this.input = buffers.make('float32', inputs);
    this.place = { type: 'real', data: this.input };
  }

  dense(layer: DenseLayer, shape: Shape): void {
    const { inputs, units, weights, bias, name } = layer;
    if (!(weights instanceof Float32Array) || bias instanceof Float64Array) {
      throw new DTypeError('compileNetwork', ['float64'], `layer "${name}" must be float32`, 'Run the model itself?');
    }
    const rows = size(name, shape.slice(0, -1));
    const x = this.real(rows * inputs);
    const w = this.buffers.copy('float32', weights);
    const b = bias === null ? null : this.buffers.copy('float32', bias);
    const y = this.otherReal();
    const epilogue = layer.activation.name === 'relu' ? 'relu' : 'linear';
    this.steps.push((kernels, samples) => {
      const biases = b?.array ?? null;
      kernels.gemm(samples * rows, units, inputs, x.array, false, w.array, false, biases, epilogue, y.array);
    });
    this.place = { type: 'real', data: y };
    if (epilogue !== 'relu') this.activation(layer.activation, shape);
  }

  quantizedDense(layer: QuantizedDenseLayer, shape: Shape): void {
    const { buffers } = this;
    const { inputs, units, weights, output } = layer;
    const rows = size(layer.name, shape.slice(0, -1));
    const q = this.quantized(rows * inputs, layer.input);
    this.sums ??= buffers.make('int32', this.capacity);
    const { sums } = this;
    const bias = buffers.copy('int32', foldedBias(layer));
    const divisor = output?.scale ?? 1;
    const scales = buffers.copy(
      'float32',
      layer.weightScales.map((scale) => (layer.input.scale * scale) / divisor),
    );
    const packed = buffers.make('int8', 32 * Math.ceil(units / 16) * Math.ceil(inputs / 2));
    this.kernels.packInt8(inputs, units, weights, packed.array);
    this.steps.push((kernels, samples) =>
      kernels.gemmInt8(samples * rows, units, inputs, q.array, packed.array, sums.array),
    );
    if (output !== null) {
      const { zeroPoint } = output;
      const low = layer.activation.name === 'relu' ? zeroPoint : -128;
      const y = this.otherBytes();
      this.steps.push((kernels, samples) => {
        const m = samples * rows;
        kernels.requantize(m, units, sums.array, bias.array, scales.array, zeroPoint, low, y.array);
      });
      this.place = { type: 'int8', data: y, params: output };
    } else {
      const y = this.otherReal();
      this.steps.push((kernels, samples) =>
        kernels.dequantizeColumns(samples * rows, units, sums.array, bias.array, scales.array, y.array),
      );
      this.place = { type: 'real', data: y };
      this.activation(layer.activation, shape);
    }
  }

  activation({ name, alpha }: ActivationSpec, shape: Shape): void {
    if (name === 'linear') return;
    const n = size('compileNetwork', shape);
    const x = this.real(n);
    const onRows = name === 'softmax' || name === 'logSoftmax';
    // Elementwise kernels may write over what they read, row kernels may not.
    const y = onRows ? this.otherReal() : x;
    this.place = { type: 'real', data: y };
    if (onRows) {
      const length = shape.at(-1)!;
      const rows = size('compileNetwork', shape.slice(0, -1));
      this.steps.push((kernels, samples) => kernels[name](samples * rows, length, x.array, y.array));
    } else if (name === 'leakyRelu' || name === 'elu') {
      const parameter = alpha ?? (name === 'elu' ? 1 : 0.2);
      this.steps.push((kernels, samples) => kernels[name](samples * n, x.array, parameter, y.array));
    } else {
      const kernel = name === 'exponential' ? 'exp' : name;
      this.steps.push((kernels, samples) => kernels[kernel](samples * n, x.array, y.array));
    }
  }

  /** The result in float32; a network that computes nothing leaves its input there. */
  finish(n: number): Buffer<'float32'> {
    return this.real(n);
  }

  /** The present numbers, `n` a sample, in float32. */
  private real(n: number): Buffer<'float32'> {
    const { place } = this;
    if (place.type === 'real') return place.data;
    const { data, params } = place;
    const y = this.otherReal();
    this.steps.push((kernels, samples) =>
      kernels.dequantize(samples * n, data.array, params.scale, params.zeroPoint, y.array),
    );
    this.place = { type: 'real', data: y };
    return y;
  }

  /** The present numbers, `n` a sample, as int8 under `params`. */
  private quantized(n: number, params: QuantizationParams): Buffer<'int8'> {
    const { place } = this;
    const { scale, zeroPoint } = params;
    if (place.type === 'int8' && place.params.scale === scale && place.params.zeroPoint === zeroPoint) {
      return place.data;
    }
    const x = this.real(n);
    const q = this.otherBytes();
    this.steps.push((kernels, samples) => kernels.quantize(samples * n, x.array, scale, zeroPoint, q.array));
    this.place = { type: 'int8', data: q, params };
    return q;
  }

  private otherReal(): Buffer<'float32'> {
    return this.other(this.reals, 'float32');
  }

  private otherBytes(): Buffer<'int8'> {
    return this.other(this.bytes, 'int8');
  }

  /** A buffer of `pool` that is not in use; a new one when there is none. */
  private other<T extends 'float32' | 'int8'>(pool: Buffer<T>[], type: T): Buffer<T> {
    const { data } = this.place;
    const free = pool.find((buffer) => buffer.array !== data.array);
    if (free !== undefined) return free;
    const buffer = this.buffers.make(type, this.capacity);
    pool.push(buffer);
    return buffer;
  }
}
