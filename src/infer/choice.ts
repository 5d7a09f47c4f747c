import { repeated } from '../../kernels/calls.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { pairedRows } from '../../kernels/packing.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { type DenseStored, type Encoding, isSparse } from '../graph/encoding.ts';
import { factsOf } from '../graph/facts.ts';
import { type Node, weightsOf } from '../graph/graph.ts';
import type { SparsePattern, SparseWidth } from '../graph/sparse.ts';
import { Buffers } from './buffers.ts';
import { callsOf, compile, type Setting } from './compile.ts';
import type { SparseKernel } from './site.ts';

/** When a program multiplies a kernel in sparse panels as such, and not as a whole matrix. */
export type SparseUse = 'measured' | 'always' | 'never';

export type SparseEncoding = Exclude<Encoding, DenseStored['encoding']>;

/** A node by itself, in a program. */
export type Alone = Omit<Setting, 'buffers' | 'panelsOf'> & { readonly node: Node };

/** A node whose kernel has sparse panels. */
export interface Candidate extends Alone {
  readonly shape: Shape;
  readonly encoding: SparseEncoding;
}
/** What makes a kernel whose panels are multiplied; null where the whole matrix is. */
export type Choose = (candidate: Candidate) => ((buffers: Buffers) => SparseKernel) | null;

type PanelKernel = `${'gemm' | 'conv2d'}Sparse${'' | 'Int8'}`;

/** How a kernel was chosen. */
export interface Choice {
  /** What multiplies the panels, if the table has it. */
  readonly kernel: PanelKernel;
  readonly isSparse: boolean;
  /** Milliseconds of the node by itself; null where the table lacks the kernel, or nothing could be measured. */
  readonly times: Times | null;
}
/** Milliseconds of a call of a node, by the form of its kernel. */
export interface Times {
  readonly dense: number;
  readonly sparse: number;
}
/** The time in milliseconds, of any start and any step. */
export type Clock = () => number;

/**
 * Rows of a product, or places of an image, that are measured at most, or one sample: what more of them take grows by the
 * rows, in both forms alike, as would the room for them.
 */
const ROWS = 64;
/** Milliseconds of a sample. */
const SAMPLE = 0.15;
/** Samples of each form, however long they take: few, so that a program is soon made. */
const FEWEST = 2;
/**
 * Kernels are slow at first, until the engine has compiled them for good: times count when for so many milliseconds of calls
 * none has fallen to that share of what it was.
 */
const SETTLED = 2.4;
const FALL = 0.9;
/** Calls of a clock in which one that ticks every millisecond has ticked. */
const PATIENCE = 1e5;

/**
 * Blocks of a hundred up to which panels count as faster where no clock runs, as in workers of some hosts, by width. Measured
 * on 512x512 with `wasm`: one column by itself for 32 samples, four for one (bench/, rows `sparse`).
 */
const BREAK_EVEN: Readonly<Record<SparseWidth, number>> = { 1: 40, 4: 60, 16: 80 };
/** Of columns by themselves in a product with few rows: the lanes of a vector are samples. */
const FEW_SAMPLES = 4;
const BREAK_EVEN_OF_FEW = 5;

export const breakEven = ({ node, encoding: { width }, batchSize }: Candidate): number =>
  width === 1 && kernelFor(node, '') === 'gemmSparse' && batchSize < FEW_SAMPLES
    ? BREAK_EVEN_OF_FEW
    : BREAK_EVEN[width];

/** The kernel that multiplies the panels of a node; null for a node that has none. */
export function kernelFor(node: Node, suffix: '' | 'Int8'): PanelKernel | null {
  const family = factsOf(node).panels?.(node.attrs);
  return family ? `${family}Sparse${suffix}` : null;
}

/** How many blocks of a hundred a pattern holds. */
export const percentHeld = ({ starts, rows }: SparsePattern, shape: Shape): number =>
  (100 * rows.length) / ((starts.length - 1) * elementsOf(shape.slice(0, -1)));

/** Panels where there is a kernel for them and they are faster. */
const where =
  (isFaster: (candidate: Candidate, kernel: PanelKernel) => boolean): Choose =>
  (candidate) => {
    const { node, encoding } = candidate;
    const kernel = kernelFor(node, encoding.type === 'sparse' ? '' : 'Int8');
    const isTaken = kernel !== null && isFaster(candidate, kernel);
    return isTaken ? (buffers) => sparseKernel(encoding, buffers) : null;
  };

/** The kernels that `choose` takes, as `compile` asks for them. */
export const chosen =
  (choose: Choose): Setting['panelsOf'] =>
  (setting, node) => {
    const kernel = weightsOf(setting.network, node).kernel;
    if (kernel === undefined || !isSparse(kernel.encoding)) return null;
    // Panels of integers are multiplied by int8 alone: real numbers are by the whole matrix
    const { format } = setting.values.get(node.inputs[0]!)!;
    if ((kernel.encoding.type === 'sparse') !== (format === null)) return null;
    const make = choose({ ...setting, node, shape: kernel.shape, encoding: kernel.encoding });
    return make && (() => make(setting.buffers));
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
 * Chooses by measurement: both forms run on scratch memory with the layer's shape and pattern, on 64 rows of the batch, in
 * turns, until neither has become faster in 2.4 milliseconds of calls, and the shortest sample counts: what else a machine does
 * makes samples longer and never shorter. That takes about 3 milliseconds, for kernels that are new to the engine twice as
 * many, and more where two calls of each take longer or the clock ticks every millisecond. Where the clock stands still, or
 * measuring fails, as without room for both forms, the share of blocks held decides. A table without the kernel multiplies
 * the whole matrix.
 */
export const measured = (
  note: (candidate: Candidate, choice: Choice) => void = () => {},
  now: Clock = () => performance.now(),
): Choose =>
  where((candidate, kernel) => {
    const { shape, encoding, kernels } = candidate;
    const has = kernels[kernel] !== undefined;
    const times = has ? timesOf(candidate, now) : null;
    const isSparse = times ? times.sparse < times.dense : has && percentHeld(encoding, shape) <= breakEven(candidate);
    note(candidate, { kernel, isSparse, times });
    return isSparse;
  });

const never: Choose = () => null;
const always = where(() => true);
export const USES: Readonly<Record<SparseUse, Choose>> = { measured: measured(), always, never };

/** Milliseconds of a node as a whole matrix and in panels, on its batch; null where they cannot be measured. */
export function timesOf(setting: Alone, now: Clock = () => performance.now(), fewest: number = FEWEST): Times | null {
  const { node, network: whole, values, batchSize, kernels } = setting;
  const rows = elementsOf(values.get(node.name)!.shape.slice(0, -1));
  const samples = Math.min(batchSize, Math.ceil(ROWS / rows));
  const inputs = node.inputs.map((name) => ({ name, shape: values.get(name)!.shape, dtype: 'float32' }) as const);
  const weights = new Map(Object.values(node.weights).map((key) => [key, whole.weights.get(key)!]));
  const network = { inputs, nodes: [node], outputs: [node.name], weights };
  const buffers = new Buffers(kernels);
  try {
    const { heap } = kernels;
    const form = (choose: Choose): Timed => {
      const { steps } = compile({ ...setting, network, batchSize: samples, buffers, panelsOf: chosen(choose) });
      // Not linked: that would compile a module for each trial
      return { actions: repeated(callsOf(steps, kernels, samples), { heap } as Kernels), least: Infinity };
    };
    const dense = form(never);
    const sparse = form(always);
    const begin = ticked(now);
    if (begin === null) return null;
    let last = begin;
    let still = 0;
    for (let round = 0; round < fewest || still < SETTLED; round++)
      for (const each of [dense, sparse]) {
        let calls = 0;
        let spent = 0;
        for (; spent < SAMPLE; calls++) {
          for (const action of each.actions) action();
          spent = now() - last;
        }
        last += spent;
        if (spent / calls < FALL * each.least) still = 0;
        each.least = Math.min(each.least, spent / calls);
        still += calls * each.least; // and not what else the machine did meanwhile, instead of compiling
      }
    const many = batchSize / samples;
    return { dense: many * dense.least, sparse: many * sparse.least };
  } catch {
    return null; // as without room: the program itself may have it
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
