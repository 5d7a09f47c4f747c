import type { Kernels } from '../../kernels/kernels.ts';
import type { DenseStored, Stored } from '../graph/encoding.ts';
import { INT8_ENCODINGS } from '../graph/encoding-facts.ts';
import type { Graph, Op } from '../graph/graph.ts';
import { INTEGERS } from './emit-integers.ts';
import { MOVES } from './emit-moves.ts';
import { type Maker, type Program, programBy } from './program.ts';
import { type Asked, type EmitRows, ofIntegers, REAL, refuse, type Site } from './site.ts';

const real = (asked: Asked): never => refuse(asked, REAL);

/** Products and sums of int8 that have no rule, or one with the same steps. */
const ofBytes =
  <K extends 'dense' | 'conv' | 'add'>(row: (site: Site<K>) => void, alike?: 'xnnpack') =>
  (site: Site<K>): void => {
    const { rule } = site.node.attrs;
    ofIntegers(rule === undefined || rule === alike ? row : real, real)(site);
  };

/** An operation without a row here works with real numbers alone. */
const QUANTIZED: Partial<EmitRows<Op>> = {
  ...MOVES,
  dense: ofBytes(INTEGERS.dense, 'xnnpack'),
  conv: ofBytes(INTEGERS.conv, 'xnnpack'),
  pool: ofIntegers(INTEGERS.pool, real),
  globalPool: ofIntegers(INTEGERS.globalPool, real),
  add: ofBytes(INTEGERS.add),
};

const MAKER: Maker = {
  caller: 'compileQuantized',
  rows: QUANTIZED,
  encodings: INT8_ENCODINGS,
  withAll: (network) => network as Graph<DenseStored>,
  panelsOf: () => null,
  form: (network) => network,
};

/**
 * `compileNetwork` for a network all in int8, as `quantize` leaves one that it need not leave in part: the same results from
 * fewer bytes of code, for pages that run nothing else. `table` may be `quantizedCpu`. Throws StateError, which names the
 * node, for one that computes with real numbers, but for activations at the end, for products by the rule `multiplier`, sums by any rule,
 * means by one if the table has not their kernel (`quantizedCpu` has not), and for what few networks have: a transposed
 * convolution, an embedding, an activation between formats; and ValueError for weights that are sparse, levels, fixed point or halves.
 *
 * @example
 * const program = compileQuantized(quantize(model, { calibration: x }), 1, quantizedCpu);
 * program.run(Float32Array.of(5, 5, 5, 5)).map(Math.round); // Float32Array(2) [ 0, 1 ]
 */
export const compileQuantized = (network: Graph<Stored>, batchSize: number, table: Partial<Kernels>): Program =>
  programBy(MAKER, network, batchSize, table);
