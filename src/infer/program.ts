import { repeated } from '../../kernels/calls.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { checkOneOf, DTypeError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import type { Shape } from '../base/shape.ts';
import { floatsOf } from '../graph/check.ts';
import { withDenseWeights } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { ENCODINGS } from '../graph/encodings.ts';
import type { Graph } from '../graph/graph.ts';
import { programForm } from '../graph/program-form.ts';
import { checkTrained } from '../graph/trained.ts';
import { validated } from '../graph/validate.ts';
import { Buffers } from './buffers.ts';
import { chosen, type SparseUse, USES } from './choice.ts';
import { type Compiled, callsOf, compile, type Port, type Setting } from './compile.ts';
import { EMIT } from './emit.ts';

/** Numbers of a program's input: integers for an input of int32. */
export type ProgramInput = Float32Array | Int32Array;

/** A network made ready to run: weights copied, kernels chosen, buffers allocated, zero points and scales folded. */
export interface Program {
  /** The most samples of one run. */
  readonly batchSize: number;
  /** Shapes of one sample of each input and output, in the network's order. */
  readonly inputShapes: readonly Shape[];
  readonly outputShapes: readonly Shape[];
  /** Of each input: int32 for numbers that are looked up in a table. */
  readonly inputTypes: readonly ('float32' | 'int32')[];
  /** Those of the first. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /**
   * Bytes that it holds: of the weights as it multiplies them, and of the values of up to `batchSize` samples, each place
   * used by one node after another. Not the arrays of results, which a number of samples gets at its first run.
   */
  readonly memory: { readonly weights: number; readonly values: number };
  /**
   * The network's output for the first `samples` samples of `input` (default: all that `input` holds), samples in
   * order. A network with several inputs or outputs takes a list of arrays and gives one. A result is an array of the
   * program's, written over by the next run: copy it to keep it. Inputs are only read. Allocates nothing when the number
   * of samples is one of the last few.
   */
  run(input: ProgramInput, samples?: number): Float32Array;
  run(inputs: readonly ProgramInput[], samples?: number): readonly Float32Array[];
  /** Gives the memory back; `run` throws StateError from then on. */
  dispose(): void;
}

export interface ProgramOptions {
  /**
   * When the panels of a kernel in a sparse encoding are multiplied, and not the whole matrix with its zeros: `always`,
   * `never`, or by default where that `measured` faster. Then both forms of each such layer run for about 3 milliseconds when
   * the program is made, on as many samples of its batch as make 64 rows or places, whatever it runs later, in memory that is
   * given back. Where the clock stands still, as in workers of some hosts, or the memory is short, the share of numbers held
   * decides. Grouped and transposed convolutions are whole matrices.
   *
   * Finite numbers give the same bits either way. An input that is infinite or NaN and meets a zero that is not held gives NaN
   * in the whole matrix and nothing in the panels: such outputs can depend on what was measured, unless it is not left to it.
   */
  readonly sparse?: SparseUse;
}

/**
 * Plans a network for batches of up to `batchSize` samples on a table of kernels. The program has a copy of the weights,
 * packed for the kernels: a dense kernel of whole numbers (levels, int8, fixed point) that real numbers are multiplied with is
 * as small there as its levels are, if the table has `gemmLevels`; other encodings, and kernels of convolutions, are decoded
 * when the program is made, and so smaller in files alone. The first run with a number of samples writes its kernel calls down,
 * later ones repeat them. The table need not have kernels that no node calls. Throws what `validateNetwork` throws, DTypeError for a float64 network,
 * which runs on the model it came from, and StateError, which names the node, for an operation that has no program or whose
 * kernel is missing. Without the kernel for its panels a weight is a whole matrix, but for `always`.
 *
 * @example
 * const { network } = networkOf(new LinearRegression().fit([[0], [1]], [1, 3])); // 2·x + 1
 * const program = compileNetwork(network, 32, cpu);
 * program.run(Float32Array.of(0, 1, 10)); // Float32Array(3) [ 1, 3, 21 ]
 * program.dispose();
 */
export function compileNetwork(
  network: Graph<Stored>,
  batchSize: number,
  table: Partial<Kernels>,
  options: ProgramOptions = {},
): Program {
  const caller = 'compileNetwork';
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ValueError(caller, 'options', 'an object of sparse', options);
  const { sparse = 'measured', ...others } = options;
  for (const [field, value] of Object.entries(others)) // not by checkOptions, whose advice is a kilobyte
    throw new ValueError(caller, field, 'one of the options sparse', value);
  checkOneOf(caller, 'sparse', sparse, Object.keys(USES));
  return programBy(networkMaker(caller, chosen(USES[sparse])), network, batchSize, table);
}

/** What makes programs, and what of a network they can have. */
export interface Maker extends Pick<Setting, 'caller' | 'rows' | 'encodings' | 'withAll' | 'panelsOf'> {
  /** What a program runs in place of a network: a graph of the same values. */
  readonly form: (network: Graph<Stored>) => Graph<Stored>;
}

/** What makes those of `compileNetwork`. */
export const networkMaker = (caller: string, panelsOf: Setting['panelsOf']): Maker => ({
  caller,
  rows: EMIT,
  encodings: ENCODINGS,
  withAll: withDenseWeights,
  panelsOf,
  form: (network) => {
    checkTrained(network);
    return programForm(network);
  },
});

/** The program that a maker makes of a network, which it validates. */
export function programBy(
  { form, ...made }: Maker,
  network: Graph<Stored>,
  batchSize: number,
  table: Partial<Kernels>,
): Program {
  const { caller, encodings } = made;
  if (typeof table !== 'object' || table === null)
    throw new ValueError(caller, 'the kernels', 'a table, such as cpu or wasm()', table);
  const kernels = table as Kernels; // compile() asks for what is missing
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    throw new ValueError(caller, 'batchSize', 'a positive integer', batchSize);
  const values = validated(network, encodings);
  if (floatsOf(network) === 'float64')
    throw new DTypeError(caller, ['float64'], 'a program computes in float32', 'Run the model itself?');
  const buffers = new Buffers(kernels);
  try {
    const compiled = compile({ ...made, network: form(network), values, batchSize, kernels, buffers });
    return programOf(compiled, batchSize, kernels, buffers);
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
  /** Where the kernels leave the outputs, and the arrays for the caller, which no growth of a heap detaches. */
  readonly inside: readonly Float32Array[];
  readonly results: readonly Float32Array[];
}

function programOf(
  { steps, inputs, outputs, weights }: Compiled,
  batchSize: number,
  kernels: Kernels,
  buffers: Buffers,
): Program {
  let runs: Run[] = [];
  let growths = 0;
  let isDisposed = false;

  /** Runs step by step and remembers the calls. */
  function first(samples: number): Run {
    const calls = callsOf(steps, kernels, samples);
    const inside = outputs.map(({ buffer, size }) => buffer.array.subarray(0, samples * size));
    const run = { samples, actions: repeated(calls, kernels), inside, results: inside.map((left) => left.slice()) };
    if (runs.length === REMEMBERED) runs.shift();
    runs.push(run);
    return run;
  }

  /** Runs the steps on what lies in the inputs' buffers. */
  function again(samples: number): Run {
    for (let i = 0; i < runs.length; i++) {
      const known = runs[i]!;
      if (known.samples !== samples) continue;
      const { actions, inside, results } = known;
      for (let j = 0; j < actions.length; j++) actions[j]!();
      for (let j = 0; j < results.length; j++) results[j]!.set(inside[j]!);
      return known;
    }
    return first(samples);
  }

  function run(input: ProgramInput, samples?: number): Float32Array;
  function run(list: readonly ProgramInput[], samples?: number): readonly Float32Array[];
  function run(
    given: ProgramInput | readonly ProgramInput[],
    samples?: number,
  ): Float32Array | readonly Float32Array[] {
    if (isDisposed) throw new StateError('run', 'the program was disposed of');
    const list = isList(given) ? given : null;
    if (list === null ? inputs.length + outputs.length !== 2 : list.length !== inputs.length)
      throw new ValueError('run', 'inputs', `a list of ${inputs.length} for ${outputs.length} outputs`, given);
    const n = countOf(inputs, given, samples, batchSize);
    for (let i = 0; i < inputs.length; i++) {
      const { buffer, size, checks } = inputs[i]!;
      const numbers = list === null ? (given as ProgramInput) : list[i]!;
      for (let j = 0; j < checks.length; j++) checks[j]!(numbers, n);
      buffer.array.set(numbers.length === n * size ? numbers : numbers.subarray(0, n * size));
    }
    const { generation = 0 } = kernels.heap ?? {};
    if (generation !== growths) runs = []; // they hold arrays of before
    growths = generation;
    const { results } = again(n);
    return list === null ? results[0]! : results;
  }

  const program: Program = {
    batchSize,
    inputShapes: inputs.map(({ shape }) => shape),
    outputShapes: outputs.map(({ shape }) => shape),
    inputTypes: inputs.map(({ buffer }) => buffer.type),
    inputShape: inputs[0]!.shape,
    outputShape: outputs[0]!.shape,
    memory: { weights, values: buffers.bytes - weights },
    run,
    dispose() {
      isDisposed = true;
      runs = [];
      buffers.dispose();
    },
  };
  buffers.releaseWith(program);
  return program;
}

/** A list of arrays, or what was meant to be one: a list of numbers is no list of inputs. */
const isList = (given: ProgramInput | readonly ProgramInput[]): given is readonly ProgramInput[] =>
  Array.isArray(given) && typeof given[0] !== 'number';

/** How many samples a run has: `samples` if given, else as many as every input holds. */
function countOf(
  inputs: readonly Port[],
  given: ProgramInput | readonly ProgramInput[],
  samples: number | undefined,
  batchSize: number,
): number {
  let n = samples;
  for (let i = 0; i < inputs.length; i++) {
    const { buffer, size, shape, name } = inputs[i]!;
    const numbers = isList(given) ? given[i]! : given;
    const ArrayClass = buffer.type === 'int32' ? Int32Array : Float32Array;
    if (!(numbers instanceof ArrayClass))
      throw new ValueError('run', `input "${name}"`, `a ${ArrayClass.name}`, numbers);
    if (size === 0) continue; // holds any number of samples
    const held = numbers.length / size;
    if (samples === undefined) {
      if (!Number.isInteger(held))
        throw new ShapeError('run', [shape], `${numbers.length} numbers are no whole number of samples`);
      n ??= held;
      if (n !== held)
        throw new ShapeError('run', [shape], `${held} samples for input "${name}", and ${n} for the inputs before`);
    } else if (samples > held)
      throw new ShapeError('run', [shape], `${numbers.length} numbers are less than ${n} samples`);
  }
  n ??= batchSize;
  if (!Number.isInteger(n) || n < 0 || n > batchSize)
    throw new ValueError('run', 'samples', `an integer from 0 to the compiled batch size ${batchSize}`, n);
  return n;
}
