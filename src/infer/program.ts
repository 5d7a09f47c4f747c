import { type KernelCall, noting, repeated } from '../../kernels/calls.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { checkRange, DTypeError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape, size } from '../base/shape.ts';
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
   * order. The result is an array of the program's, written over by the next run: copy it to keep it. `input` is only
   * read. Allocates nothing when the number of samples is one of the last few.
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
  checkRange('compileNetwork', 'batchSize', batchSize, 'a positive integer');
  validateNetwork(network);
  const buffers = new Buffers(kernels);
  try {
    return programOf(planned(network, batchSize, kernels, buffers), kernels, buffers);
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}

/** What runs: steps from one buffer to another. */
interface Plan extends Pick<Program, 'batchSize' | 'inputShape' | 'outputShape'> {
  readonly steps: readonly Step[];
  readonly input: Buffer<'float32'>;
  readonly output: Buffer<'float32'>;
}

/** Numbers of samples whose calls are remembered. */
const REMEMBERED = 4;

/** A run with one number of samples. */
interface Run {
  readonly samples: number;
  readonly actions: readonly (() => void)[];
  /** Where the kernels leave the outputs, and the array for the caller, which no growth of a heap detaches. */
  readonly inside: Float32Array;
  readonly result: Float32Array;
}

function programOf(plan: Plan, kernels: Kernels, buffers: Buffers): Program {
  const { batchSize, inputShape, outputShape, steps, input: inside, output } = plan;
  const inputSize = elementsOf(inputShape);
  const outputSize = elementsOf(outputShape);
  let runs: Run[] = [];
  let growths = 0;
  let isDisposed = false;

  function count(input: Float32Array, samples: number | undefined): number {
    if (isDisposed) throw new StateError('run', 'the program was disposed of');
    if (!(input instanceof Float32Array)) throw new ValueError('run', 'input', 'a Float32Array', input);
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

  /** Runs step by step and remembers the calls. */
  function first(samples: number): Float32Array {
    const calls: KernelCall[] = [];
    const noted = noting(kernels, (call) => void calls.push(call));
    for (const step of steps) step(noted, samples);
    const left = output.array.subarray(0, samples * outputSize);
    const result = left.slice();
    if (runs.length === REMEMBERED) runs.shift();
    runs.push({ samples, actions: repeated(calls, kernels), inside: left, result });
    return result;
  }

  const program: Program = {
    batchSize,
    inputShape,
    outputShape,
    run(input, samples) {
      const n = count(input, samples);
      inside.array.set(input.length === n * inputSize ? input : input.subarray(0, n * inputSize));
      const { generation = 0 } = kernels.heap ?? {};
      if (generation !== growths) runs = []; // they hold arrays of before
      growths = generation;
      for (let i = 0; i < runs.length; i++) {
        const { samples: known, actions, inside: left, result } = runs[i]!;
        if (known !== n) continue;
        for (let j = 0; j < actions.length; j++) actions[j]!();
        result.set(left);
        return result;
      }
      return first(n);
    },
    dispose() {
      isDisposed = true;
      runs = [];
      buffers.dispose();
    },
  };
  buffers.releaseWith(program);
  return program;
}

/** Collects steps while it follows where the numbers are. Two buffers of each type take turns. */
function planned(network: Network, batchSize: number, kernels: Kernels, buffers: Buffers): Plan {
  const shapes = networkShapes(network);
  const sizes = shapes.map((shape) => size('compileNetwork', [batchSize, ...shape]));
  const capacity = Math.max(...sizes);
  const input = buffers.make('float32', sizes[0]!);
  const steps: Step[] = [];
  const reals: Buffer<'float32'>[] = [];
  const bytes: Buffer<'int8'>[] = [];
  let sums: Buffer<'int32'> | null = null;
  let place: Place = { type: 'real', data: input };

  /** A buffer of `pool` that is not in use; a new one when there is none. */
  function other<T extends 'float32' | 'int8'>(pool: Buffer<T>[], type: T): Buffer<T> {
    const free = pool.find((buffer) => buffer.array !== place.data.array);
    if (free !== undefined) return free;
    const buffer = buffers.make(type, capacity);
    pool.push(buffer);
    return buffer;
  }

  /** The next place of real numbers. */
  function toReal(): Buffer<'float32'> {
    const data = other(reals, 'float32');
    place = { type: 'real', data };
    return data;
  }

  /** The next place of integers that stand for real numbers by `params`. */
  function toInt8(params: QuantizationParams): Buffer<'int8'> {
    const data = other(bytes, 'int8');
    place = { type: 'int8', data, params };
    return data;
  }

  /** The present numbers, `n` a sample, in float32. */
  function real(n: number): Buffer<'float32'> {
    if (place.type === 'real') return place.data;
    const { data, params } = place;
    const y = toReal();
    steps.push((k, samples) => k.dequantize(samples * n, data.array, params.scale, params.zeroPoint, y.array));
    return y;
  }

  /** The present numbers, `n` a sample, as int8 under `params`. */
  function quantized(n: number, params: QuantizationParams): Buffer<'int8'> {
    const { scale, zeroPoint } = params;
    if (place.type === 'int8' && place.params.scale === scale && place.params.zeroPoint === zeroPoint) {
      return place.data;
    }
    const x = real(n);
    const q = toInt8(params);
    steps.push((k, samples) => k.quantize(samples * n, x.array, scale, zeroPoint, q.array));
    return q;
  }

  function dense({ inputs, units, weights, bias, name, activation }: DenseLayer, shape: Shape): void {
    if (!(weights instanceof Float32Array) || bias instanceof Float64Array) {
      throw new DTypeError('compileNetwork', ['float64'], `layer "${name}" must be float32`, 'Run the model itself?');
    }
    const rows = elementsOf(shape.slice(0, -1));
    const x = real(rows * inputs);
    const w = buffers.copy('float32', weights);
    const b = bias === null ? null : buffers.copy('float32', bias);
    const y = toReal();
    const epilogue = activation.name === 'relu' ? 'relu' : 'linear';
    steps.push((k, samples) => {
      k.gemm(
        samples * rows,
        units,
        inputs,
        x.array,
        false,
        w.array,
        false,
        b === null ? null : b.array,
        epilogue,
        y.array,
      );
    });
    if (epilogue !== 'relu') activate(activation, shape);
  }

  function quantizedDense(layer: QuantizedDenseLayer, shape: Shape): void {
    const { inputs, units, weights, output, activation } = layer;
    const rows = elementsOf(shape.slice(0, -1));
    const q = quantized(rows * inputs, layer.input);
    sums ??= buffers.make('int32', capacity);
    const acc = sums;
    const bias = buffers.copy('int32', foldedBias(layer));
    const divisor = output?.scale ?? 1;
    const scales = buffers.copy(
      'float32',
      layer.weightScales.map((scale) => (layer.input.scale * scale) / divisor),
    );
    const packed = buffers.make('int8', 32 * Math.ceil(units / 16) * Math.ceil(inputs / 2));
    kernels.packInt8(inputs, units, weights, packed.array);
    steps.push((k, samples) => k.gemmInt8(samples * rows, units, inputs, q.array, packed.array, acc.array));
    if (output === null) {
      const y = toReal();
      steps.push((k, samples) =>
        k.dequantizeColumns(samples * rows, units, acc.array, bias.array, scales.array, y.array),
      );
      activate(activation, shape);
    } else {
      const { zeroPoint } = output;
      const low = activation.name === 'relu' ? zeroPoint : -128;
      const y = toInt8(output);
      steps.push((k, samples) =>
        k.requantize(samples * rows, units, acc.array, bias.array, scales.array, zeroPoint, low, y.array),
      );
    }
  }

  function activate({ name, alpha }: ActivationSpec, shape: Shape): void {
    if (name === 'linear') return;
    const n = elementsOf(shape);
    const x = real(n);
    if (name === 'softmax' || name === 'logSoftmax') {
      // Elementwise kernels may write over what they read, row kernels may not.
      const length = shape.at(-1)!;
      const y = toReal();
      const rows = elementsOf(shape.slice(0, -1));
      steps.push((k, samples) => k[name](samples * rows, length, x.array, y.array));
    } else if (name === 'leakyRelu' || name === 'elu') {
      const parameter = alpha ?? (name === 'elu' ? 1 : 0.2);
      steps.push((k, samples) => k[name](samples * n, x.array, parameter, x.array));
    } else {
      const kernel = name === 'exponential' ? 'exp' : name;
      steps.push((k, samples) => k[kernel](samples * n, x.array, x.array));
    }
  }

  network.layers.forEach((layer, i) => {
    const shape = shapes[i + 1]!;
    switch (layer.type) {
      case 'dense':
        dense(layer, shape);
        break;
      case 'quantizedDense':
        quantizedDense(layer, shape);
        break;
      case 'activation':
        activate(layer.activation, shape);
        break;
      case 'flatten': // moves nothing in row-major memory
      case 'dropout': // is for training
        break;
      default:
        layer satisfies never;
    }
  });
  const outputShape = shapes.at(-1)!;
  const output = real(elementsOf(outputShape)); // a network that computes nothing leaves its input there
  return { batchSize, inputShape: shapes[0]!, outputShape, steps, input, output };
}
