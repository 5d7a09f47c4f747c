import { type Convolution, type Kernels, pairedRows, reference } from 'whittle-ml/kernels';
import { int8, normal } from './data.ts';
import { CheckError, type ClockedVariant, type Row } from './row.ts';
import { type SparseWeights, sparseWeights } from './sparse.ts';
import { type Place, Places, type Table } from './tables.ts';

/** Shares of the weights that are not held, in percent. */
const SPARSITIES = [0, 50, 80, 90];
const BATCH = 8;
const SIDE = 16;
const CHANNELS = 32;
const UNITS = 64;
/** The layer in int8: so many inputs and units, for a batch of 32. */
const SIZE = 512;
const ROWS = 32;

type Result = Float32Array | Int32Array;

/** A call on some table, whose result is that of `reference`. */
function variant(who: string, how: string, call: () => void, y: Result, expected: Result): ClockedVariant {
  return {
    ...{ who, how, ours: true, base: `${who} ${how.replace('panels', 'dense')}` },
    run: () => {
      call();
      return y[0]! + y[y.length - 1]!;
    },
    check: () => {
      y.fill(7);
      call();
      const at = expected.findIndex((value, i) => !Object.is(value, y[i]));
      if (at >= 0) throw new CheckError(`${who} ${how}: element ${at} is ${y[at]}, should be ${expected[at]}`);
    },
  };
}

/** Weights in int8 that are 0 where others are, by pairs of the rows of their panels, and whole. */
function integerWeights({ starts, rows, values, dense }: SparseWeights, n: number, place: Place) {
  const weights = int8(dense.length, 4).map((q, i) => (dense[i] === 0 ? 0 : q));
  const codes = Int8Array.from({ length: values.length }, (_, at) => {
    const i = at >> 4;
    const panel = starts.findIndex((start) => start > i) - 1;
    return weights[rows[i]! * n + 16 * panel + (at & 15)]!;
  });
  const pairs = pairedRows(starts, rows, codes);
  return [weights, place.hold(pairs.starts), place.hold(pairs.rows), place.hold(pairs.values)] as const;
}

/** A convolution of `size`x`size` taps with `same` padding, its gradient and it in int8, dense and in panels of sixteen units. */
function convolutions({ name, kernels }: Table, size: number, sparsity: number, place: Place): ClockedVariant[] {
  const s: Convolution = {
    ...{ batch: BATCH, height: SIDE, width: SIDE, outHeight: SIDE, outWidth: SIDE, kernelHeight: size },
    ...{ kernelWidth: size, strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: size >> 1, padLeft: size >> 1 },
    ...{ channels: CHANNELS, units: UNITS, groups: 1 },
  };
  const k = size * size * CHANNELS;
  const w = sparseWeights(k, UNITS, 16, sparsity);
  const x = place.hold(normal(BATCH * SIDE * SIDE * CHANNELS, 1));
  const y = place.floats(BATCH * SIDE * SIDE * UNITS);
  const packed = place.floats(k * UNITS); // no padding: UNITS is a multiple of 16
  kernels.packPanels(k, UNITS, w.dense, packed);
  const starts = place.hold(w.starts);
  const rows = place.hold(w.rows);
  const values = place.hold(w.values);
  const sparse = ({ conv2dSparse }: Kernels): void => conv2dSparse(s, x, 16, starts, rows, values, null, 'linear', y);
  sparse(reference);
  const expected = y.slice();
  const dy = place.hold(normal(y.length, 5));
  const dx = place.floats(x.length);
  const dense = place.hold(w.dense);
  const back = ({ conv2dSparseGrad }: Kernels): void => conv2dSparseGrad(s, dy, 16, starts, rows, values, dx);
  back(reference);
  const gradient = dx.slice();
  const x8 = place.hold(int8(x.length, 1));
  const sums = place.hold(new Int32Array(y.length));
  const [weights, ...pairs] = integerWeights(w, UNITS, place);
  const packed8 = place.hold(new Int8Array(k * UNITS)); // an even number of rows, and no padding
  kernels.packConvInt8(s, weights, packed8);
  const integers = ({ conv2dSparseInt8 }: Kernels): void => conv2dSparseInt8(s, x8, 3, ...pairs, sums);
  integers(reference);
  const exact = sums.slice();
  const transposed = (): void => kernels.conv2dTransposed(s, dy, dense, null, 'linear', dx);
  return [
    variant(name, 'dense', () => kernels.conv2dPanels(s, x, packed, null, 'linear', y), y, expected),
    variant(name, 'panels', () => sparse(kernels), y, expected),
    variant(name, 'dense gradient', transposed, dx, gradient),
    variant(name, 'panels gradient', () => back(kernels), dx, gradient),
    variant(name, 'dense int8', () => kernels.conv2dInt8(s, x8, 3, packed8, sums), sums, exact),
    variant(name, 'panels int8', () => integers(kernels), sums, exact),
  ];
}

/** A product in int8, and one whose weights are panels of sixteen units in pairs of rows. */
function products({ name, kernels }: Table, sparsity: number, place: Place): ClockedVariant[] {
  const w = sparseWeights(SIZE, SIZE, 16, sparsity);
  const [weights, ...pairs] = integerWeights(w, SIZE, place);
  const x = place.hold(int8(ROWS * SIZE, 1));
  const y = place.hold(new Int32Array(ROWS * SIZE));
  const packed = place.hold(new Int8Array(SIZE * SIZE));
  kernels.packInt8(SIZE, SIZE, weights, packed);
  const sparse = ({ gemmSparseInt8 }: Kernels): void => gemmSparseInt8(ROWS, SIZE, SIZE, x, ...pairs, y);
  sparse(reference);
  const expected = y.slice();
  return [
    variant(name, 'dense', () => kernels.gemmInt8(ROWS, SIZE, SIZE, x, packed, y), y, expected),
    variant(name, 'panels', () => sparse(kernels), y, expected),
  ];
}

/** Convolutions with sparse weights and sparse products of int8, beside the dense ones of the same table. */
export function sparseImageRows(tables: readonly Table[]): Row[] {
  const fast = tables.filter(({ name, exact }) => exact && name !== 'reference');
  const row = (
    title: string,
    work: number,
    unit: Row['unit'],
    variantsOn: (table: Table, place: Place) => ClockedVariant[],
  ): Row => ({
    ...{ name: `sparse ${title}`, work, unit, ratio: 'speed', quick: false, peers: false },
    open: () => {
      const places = new Places();
      const variants = fast.flatMap((table) => variantsOn(table, places.of(table)));
      return { variants, failures: [], close: () => places.free() };
    },
  });
  return SPARSITIES.flatMap((sparsity) => [
    ...[3, 1].map((size) =>
      row(
        `conv2d ${size}x${size} ${CHANNELS}->${UNITS} ${SIDE}x${SIDE} ${sparsity} % batch ${BATCH}`,
        2 * BATCH * SIDE * SIDE * size * size * CHANNELS * UNITS,
        'GFLOP/s',
        (table, place) => convolutions(table, size, sparsity, place),
      ),
    ),
    row(`int8 ${SIZE}x${SIZE} ${sparsity} % batch ${ROWS}`, 2 * ROWS * SIZE * SIZE, 'GOP/s', (table, place) =>
      products(table, sparsity, place),
    ),
  ]);
}
