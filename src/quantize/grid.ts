import { roundHalfEven } from '../../kernels/reference/math.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import type { Encoding, EncodingName, EncodingOf, Stored } from '../graph/encoding.ts';
import { codeAt, groupAt, packedCodes } from '../graph/levels.ts';
import { powerOfTwo } from '../graph/powers.ts';

/** The numbers that a quantized weight may have: step·(code - zero), with whole codes from least to most. */
export interface Grid {
  /** Of each number of the weight. */
  readonly steps: Float64Array;
  readonly zeros: Float64Array;
  readonly least: number;
  readonly most: number;
  /** Those that it has. */
  readonly codes: Int32Array;
}

type GridOf<E extends EncodingName> = (encoding: EncodingOf<E>, shape: Shape) => Grid | null;

const none = (): null => null;

/** One row an encoding: null for one that has no codes, as floats have none, or not all of them. */
const GRIDS: { readonly [E in EncodingName]: GridOf<E> } = {
  float32: none,
  float64: none,
  float16: none,
  bfloat16: none,
  palette: none,
  hashed: none,
  int32: none,
  sparse: none,
  sparseInt8: none,
  int8: ({ values, scales }, shape) => {
    const units = shape.at(-1) ?? 1;
    const steps = Float64Array.from(values, (_, i) => scales[i % units]!);
    return { steps, zeros: new Float64Array(values.length), least: -127, most: 127, codes: Int32Array.from(values) };
  },
  fixed: ({ values, fraction }) => {
    const n = values.length;
    const most = powerOfTwo(8 * values.BYTES_PER_ELEMENT - 1) - 1;
    const steps = new Float64Array(n).fill(powerOfTwo(-fraction));
    return { steps, zeros: new Float64Array(n), least: -most, most, codes: Int32Array.from(values) };
  },
  levels: ({ values, bits, group, scales, zeroPoints }, shape) => {
    const units = shape.at(-1) ?? 1;
    const codes = Int32Array.from({ length: elementsOf(shape) }, (_, i) => codeAt(values, bits, i));
    // Of one bit the levels -1 and 1 are two scales apart
    const middle = bits === 1 ? 1 / 2 : powerOfTwo(bits - 1);
    return {
      steps: Float64Array.from(codes, (_, i) => (bits === 1 ? 2 : 1) * scales[groupAt(group, units, i)]!),
      zeros: Float64Array.from(codes, (_, i) => zeroPoints?.[groupAt(group, units, i)] ?? middle),
      least: zeroPoints === null && bits > 1 ? 1 : 0, // symmetric: the lowest code has no counterpart
      most: powerOfTwo(bits) - 1,
      codes,
    };
  },
};

/** The grid of a weight; null for one that has no codes. */
export const gridOf = ({ encoding, shape }: Stored): Grid | null =>
  (GRIDS[encoding.type] as GridOf<EncodingName>)(encoding, shape);

/** The number that a code stands for. */
export const numberAt = ({ steps, zeros }: Grid, i: number, code: number): number =>
  Math.fround(steps[i]! * (code - zeros[i]!));

/** A code that the grid has. */
export const withinGrid = ({ least, most }: Grid, code: number): number => Math.min(most, Math.max(least, code));

/** The code of the number nearest to w; of two levels around 0, those of one bit, the upper one for 0. */
export function nearestCode(grid: Grid, i: number, w: number): number {
  const at = w / grid.steps[i]!;
  const zero = grid.zeros[i]!;
  return withinGrid(grid, Number.isInteger(zero) ? zero + roundHalfEven(at) : Math.ceil(zero + Math.floor(at)));
}

/** A weight of the same scales with other codes, but for what is pruned, which stands for 0. */
export function withCodes(weight: Stored, codes: Int32Array): Stored {
  const { encoding, mask, shape } = weight;
  const { zeros } = gridOf(weight)!;
  const kept = codes.map((code, i) => (mask?.[i] === 0 ? zeros[i]! : code));
  return { shape, mask, encoding: recoded(encoding as Coded, kept) };
}

type Coded = EncodingOf<'int8'> | EncodingOf<'fixed'> | EncodingOf<'levels'>;

function recoded(encoding: Coded, codes: Int32Array): Encoding {
  switch (encoding.type) {
    case 'int8':
      return { ...encoding, values: Int8Array.from(codes) };
    case 'fixed':
      return {
        ...encoding,
        values: encoding.values instanceof Int8Array ? Int8Array.from(codes) : Int16Array.from(codes),
      };
    case 'levels':
      return { ...encoding, values: packedCodes(codes, encoding.bits) };
  }
}
