import type { Shape } from '../base/shape.ts';
import type { Value } from './check.ts';
import { type Encoding, type EncodingOf, MOST_CENTROIDS, type Stored } from './encoding.ts';
import {
  type AllEncodings,
  type ArrayClass,
  allIn,
  type Checked,
  checkScales,
  INT8_ENCODINGS,
  type Integers,
} from './encoding-facts.ts';
import { hasOneScale, unitAxisOf } from './facts.ts';
import type { Graph, Node, QuantizationParams } from './graph.ts';
import { integersBy } from './integers.ts';
import { codeBytes, endsInZeros, levelsOf } from './levels.ts';
import { powerOfTwo } from './powers.ts';
import { checkTrained } from './trained.ts';
import { validated } from './validate.ts';

/** One row an encoding: the compiler names those that are missing. */
export const ENCODINGS: AllEncodings = {
  ...INT8_ENCODINGS,
  levels: {
    check: checkLevels,
    // Of a group for each column, with zero in the middle
    integers: (encoding, shape) => {
      const { scales, zeroPoints } = encoding;
      if (scales.length !== (shape.at(-1) ?? 1) || zeroPoints !== null) return null;
      return { type: 'int8', values: Int8Array.from(levelsOf(encoding, shape)), scales };
    },
  },
  fixed: {
    check: (encoding, at) => {
      const { values, fraction } = encoding;
      allIn(values instanceof Int16Array ? Int16Array : Int8Array)(encoding, at);
      // 2^-fraction, its inverse and its products with 16 bits are normal numbers of float32
      if (!(Number.isInteger(fraction) && fraction >= -112 && fraction <= 126))
        at.fail('fraction', 'an integer from -112 to 126', fraction);
    },
    integers: ({ values, fraction }, shape) => {
      if (!(values instanceof Int8Array)) return null;
      return { type: 'int8', values, scales: new Float32Array(shape.at(-1) ?? 1).fill(powerOfTwo(-fraction)) };
    },
  },
  // Any bits: a float32 weight may be NaN or infinite too
  float16: { check: allIn(Uint16Array) },
  bfloat16: { check: allIn(Uint16Array) },
  palette: {
    check: ({ values, centroids }, at) => {
      const { n, mask, fail, has } = at;
      const count = Math.min(MOST_CENTROIDS, Math.max(1, centroids?.length ?? 1));
      has('centroids', centroids, Float32Array, count);
      has('values', values, Uint8Array, n, (code) => code < count, `below ${count}`);
      const wrong = mask?.findIndex((bit, i) => bit === 0 && centroids[values[i]!] !== 0) ?? -1;
      if (wrong >= 0) fail(`values[${wrong}]`, 'the code of a 0, since it is masked', values[wrong]);
    },
  },
  hashed: {
    check: ({ values, seed }, { n, mask, fail, has }) => {
      // As many as there are numbers at most
      has('values', values, Float32Array, Math.min(Math.max(1, n), Math.max(1, values?.length ?? 1)));
      if (!(seed >>> 0 === seed)) fail('seed', 'an integer from 0 to 4294967295', seed);
      if (mask !== null) fail('mask', 'null: numbers that share their values cannot be pruned one by one', mask);
    },
  },
  sparse: { check: (encoding, at) => checkPattern(encoding, at, Float32Array, [1, 4, 16]) },
  sparseInt8: {
    check: (encoding, at) => {
      checkPattern(encoding, at, Int8Array, [16]);
      checkScales(encoding, at.units, at);
    },
    integers: (encoding) => encoding,
  },
};

/** What is behind the last code is 0, and no group is larger than the matrix, so that a weight has one form. */
function checkLevels(encoding: EncodingOf<'levels'>, at: Checked): void {
  const { values, bits, group, zeroPoints } = encoding;
  const { n, terms, units, mask, fail, has } = at;
  if (![1, 2, 4, 8].includes(bits)) fail('bits', '1, 2, 4 or 8', bits);
  const most = Math.max(1, terms);
  if (!(Number.isInteger(group) && group >= 1 && group <= most)) fail('group', `an integer from 1 to ${most}`, group);
  has('values', values, Uint8Array, codeBytes(bits, n));
  if (!endsInZeros(values, bits, n)) fail('values', '0 behind the last code', values.at(-1));
  const groups = Math.ceil(terms / group) * units;
  checkScales(encoding, groups, at);
  if (bits === 1 && mask?.includes(0)) fail('mask', 'null: no code of 1 bit is 0', mask);
  if (zeroPoints === null) return;
  if (bits === 1) fail('zeroPoints', 'null for 1 bit', zeroPoints);
  has('zeroPoints', zeroPoints, Uint8Array, groups, (code) => code < 1 << bits, `below ${1 << bits}`);
}

/** Rows of a panel ascend and are rows of the matrix. Nothing but 0 is behind the last column. */
function checkPattern(
  encoding: EncodingOf<'sparse'> | EncodingOf<'sparseInt8'>,
  { units, n, fail, has }: Checked,
  array: ArrayClass,
  widths: readonly number[],
): void {
  const { width, starts, rows, values } = encoding;
  const terms = n / units;
  if (!widths.includes(width)) fail('width', widths.join(' or '), width);
  has('starts', starts, Int32Array, Math.ceil(units / width) + 1);
  has('rows', rows, Int32Array, starts.at(-1)!);
  has('values', values, array, rows.length * width);
  if (starts[0] !== 0) fail('starts[0]', '0', starts[0]);
  for (let p = 0; p + 1 < starts.length; p++) {
    let least = 0;
    for (let i = starts[p]!; i < starts[p + 1]!; i++) {
      const row = rows[i]!; // undefined where starts fall: the last is how many rows there are
      if (!(row >= least && row < terms)) fail(`rows[${i}]`, `from ${least} to ${terms - 1}`, row);
      least = row + 1;
      for (let at = i * width + units - p * width; at < (i + 1) * width; at++)
        if (!Object.is(values[at], 0)) fail(`values[${at}]`, '0', values[at]);
    }
  }
}

/**
 * Throws unless the network is one: every float32 program can then run it, but for dropout that never stops and code of the
 * user's own, and every file can hold it, but for code. Nodes fit together, arrays have their types and lengths, names differ,
 * masks are 0 or 1, scales and zero points are usable, trained ones too, and no int32 sum can overflow. Returns what its values
 * are.
 *
 * @example
 * const network = toNetwork(model);
 * [...validateNetwork(network).values()].map(({ shape }) => shape); // [ [ 4 ], [ 32 ], [ 32 ], [ 2 ] ]
 * validateNetwork({ ...network, outputs: ['missing'] }); // throws ValueError
 */
export function validateNetwork(network: Graph<Stored>): Map<string, Value> {
  const values = validated(network, ENCODINGS);
  checkTrained(network);
  return values;
}

/**
 * A kernel as products of integers read it. Null for an encoding that is no such thing: real numbers, more than eight bits,
 * several groups in a column, or a zero point.
 */
export const integersOf = (encoding: Encoding, shape: Shape): Integers | null => integersBy(ENCODINGS, encoding, shape);

/** What 1 is in the sums of each unit of a node, and in its bias: the scale of what is read times that of the unit's numbers. */
export function sumScales(node: Node, { encoding, shape }: Stored, input: QuantizationParams): Float64Array {
  const { scales } = integersOf(encoding, shape)!;
  const isOne = hasOneScale(node);
  return Float64Array.from({ length: shape.at(unitAxisOf(node))! }, (_, j) => input.scale * scales[isOne ? 0 : j]!);
}
