import { roundHalfEven } from '../../kernels/reference/math.ts';
import { elementsOf } from '../base/shape.ts';
import type { Encoding, EncodingOf, Stored } from '../graph/encoding.ts';
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

/** The grid of a weight; null for one that has no codes, as floats have none. */
export function gridOf({ encoding, shape }: Stored): Grid | null {
  const n = elementsOf(shape);
  const units = shape.at(-1) ?? 1;
  switch (encoding.type) {
    case 'int8': {
      const { values, scales } = encoding;
      const steps = Float64Array.from(values, (_, i) => scales[i % units]!);
      return { steps, zeros: new Float64Array(n), least: -127, most: 127, codes: Int32Array.from(values) };
    }
    case 'fixed': {
      const { values, fraction } = encoding;
      const most = powerOfTwo(8 * values.BYTES_PER_ELEMENT - 1) - 1;
      const steps = new Float64Array(n).fill(powerOfTwo(-fraction));
      return { steps, zeros: new Float64Array(n), least: -most, most, codes: Int32Array.from(values) };
    }
    case 'levels': {
      const { values, bits, group, scales, zeroPoints } = encoding;
      const codes = Int32Array.from({ length: n }, (_, i) => codeAt(values, bits, i));
      // Of one bit the levels -1 and 1 are two scales apart
      const middle = bits === 1 ? 1 / 2 : powerOfTwo(bits - 1);
      return {
        steps: Float64Array.from(codes, (_, i) => (bits === 1 ? 2 : 1) * scales[groupAt(group, units, i)]!),
        zeros: Float64Array.from(codes, (_, i) => zeroPoints?.[groupAt(group, units, i)] ?? middle),
        least: zeroPoints === null && bits > 1 ? 1 : 0, // symmetric: the lowest code has no counterpart
        most: powerOfTwo(bits) - 1,
        codes,
      };
    }
    default:
      return null;
  }
}

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
    default:
      return { ...encoding, values: packedCodes(codes, encoding.bits) };
  }
}
