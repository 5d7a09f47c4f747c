import { StateError } from '../base/errors.ts';
import { densified } from '../graph/decode.ts';
import type { DenseName, Encoding, EncodingOf, Stored } from '../graph/encoding.ts';

type Numbers = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array;
type Picked<E extends DenseName> = (
  encoding: EncodingOf<E>,
  pick: <T extends Numbers>(values: T) => T,
  pickColumns: <T extends Numbers>(perColumn: T) => T,
) => EncodingOf<E>;

/** One row an encoding: itself for the numbers that `pick` leaves; `pickColumns` is for what belongs to the last axis. */
const PICKED: { readonly [E in DenseName]: Picked<E> } = {
  float32: (encoding, pick) => ({ ...encoding, values: pick(encoding.values) }),
  float64: (encoding, pick) => ({ ...encoding, values: pick(encoding.values) }),
  int8: (encoding, pick, pickColumns) => ({
    ...encoding,
    values: pick(encoding.values),
    scales: pickColumns(encoding.scales),
  }),
  int32: (encoding, pick) => ({ ...encoding, values: pick(encoding.values) }),
  levels: () => {
    throw new StateError('pick', 'a weight in groups of levels has no part: prune before quantizing');
  },
  fixed: (encoding, pick) => ({ ...encoding, values: pick(encoding.values) }),
  float16: (encoding, pick) => ({ ...encoding, values: pick(encoding.values) }),
  bfloat16: (encoding, pick) => ({ ...encoding, values: pick(encoding.values) }),
};

/** The weight at the indices `stay` of an axis, which is counted from the end, with all its numbers. */
export function pickStored(weight: Stored, axis: number, stay: readonly number[]): Stored {
  const { shape, encoding, mask } = densified(weight);
  const at = shape.length + axis;
  const inner = shape.slice(at + 1).reduce((product, n) => product * n, 1);
  const length = shape[at]!;
  const pick = <T extends Numbers>(values: T): T => {
    const outer = values.length / (length * inner);
    const result = new (values.constructor as new (n: number) => T)(outer * stay.length * inner);
    for (let o = 0; o < outer; o++) {
      stay.forEach((i, j) => {
        const from = (o * length + i) * inner;
        result.set(values.subarray(from, from + inner), (o * stay.length + j) * inner);
      });
    }
    return result;
  };
  const picked = PICKED[encoding.type] as Picked<DenseName>;
  const columns = <T extends Numbers>(perColumn: T): T => (axis === -1 ? pick(perColumn) : perColumn);
  const alive = mask && pick(mask);
  return {
    shape: shape.map((n, k) => (k === at ? stay.length : n)),
    encoding: picked(encoding, pick, columns) as Encoding,
    mask: alive === null || alive.every((bit) => bit === 1) ? null : alive,
  };
}
