import { type Kernels, reference, type SparseWidth } from 'whittle-ml/kernels';
import { checkSame, normal } from './data.ts';
import type { ClockedVariant, Row } from './row.ts';
import { type Place, Places, type Table } from './tables.ts';

/** The layer: so many inputs and units. */
const SIZE = 512;
const BATCHES = [32, 1];
/** Shares of the weights that are not held, in percent. */
const SPARSITIES = [0, 50, 60, 70, 80, 90, 95];
const WIDTHS = { panels: 16, quads: 4, columns: 1 } as const;

type Pattern = keyof typeof WIDTHS;

/** What wasm should reach on a batch, as a multiple of the rate of its dense product. */
const GOALS: Readonly<Record<Pattern, (sparsity: number) => number | null>> = {
  panels: (sparsity) => (sparsity === 90 ? 8 : sparsity === 80 ? 4 : null),
  quads: () => null,
  columns: (sparsity) => (sparsity >= 60 ? 1 : null),
};

/** Weights of which some are held, and all of them with zeros. */
export interface SparseWeights {
  readonly width: SparseWidth;
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly values: Float32Array;
  readonly dense: Float32Array;
}

/** Normal weights [k, n] but for a share of the blocks of `width` columns, drawn by chance. */
export function sparseWeights(k: number, n: number, width: SparseWidth, sparsity: number): SparseWeights {
  const panels = Math.ceil(n / width);
  const chance = normal(k * panels, 2);
  const left = Math.round((k * panels * sparsity) / 100);
  const least = left === 0 ? -Infinity : chance.slice().sort()[left - 1]!;
  const drawn = normal(k * n, 3);
  const dense = new Float32Array(k * n);
  const starts = new Int32Array(panels + 1);
  const rows: number[] = [];
  const values: number[] = [];
  for (let p = 0; p < panels; p++) {
    for (let row = 0; row < k; row++) {
      if (chance[p * k + row]! <= least) continue;
      rows.push(row);
      for (let j = p * width; j < (p + 1) * width; j++) {
        const at = row * n + j;
        values.push(j < n ? drawn[at]! : 0);
        if (j < n) dense[at] = drawn[at]!;
      }
    }
    starts[p + 1] = rows.length;
  }
  return { width, starts, rows: Int32Array.from(rows), values: Float32Array.from(values), dense };
}

/** Product or gradient: the kernels, called for `batch` samples. */
interface Direction {
  readonly name: string;
  readonly sparse: (k: Kernels, batch: number, x: Float32Array, w: SparseWeights, y: Float32Array) => void;
  /** Made ready beforehand, as programs and layers have their weights. */
  readonly dense: (
    k: Kernels,
    batch: number,
    x: Float32Array,
    weights: Float32Array,
    y: Float32Array,
    place: Place,
  ) => () => void;
}

const DIRECTIONS: readonly Direction[] = [
  {
    name: '',
    sparse: (k, batch, x, { width, starts, rows, values }, y) =>
      k.gemmSparse(batch, SIZE, SIZE, x, width, starts, rows, values, null, 'linear', y),
    dense: (k, batch, x, weights, y, { floats }) => {
      const packed = floats(SIZE * SIZE); // no padding: SIZE is a multiple of 16
      k.packPanels(SIZE, SIZE, weights, packed);
      return () => k.gemmPanels(batch, SIZE, SIZE, x, packed, null, 'linear', y);
    },
  },
  {
    name: ' gradient',
    sparse: (k, batch, dy, { width, starts, rows, values }, dx) =>
      k.gemmSparseGrad(batch, SIZE, SIZE, dy, width, starts, rows, values, dx),
    dense: (k, batch, dy, weights, dx) => () => k.gemm(batch, SIZE, SIZE, dy, false, weights, true, null, 'linear', dx),
  },
];

function variantsOn({ name, kernels }: Table, direction: Direction, batch: number, sparsity: number, place: Place) {
  const given = normal(batch * SIZE, 1);
  const x = place.hold(given);
  const y = place.floats(batch * SIZE);
  const variant = (how: string, call: () => void, expected: Float32Array): ClockedVariant => ({
    ...{ who: name, how, ours: true, base: `${name} dense` },
    run: () => {
      call();
      return y[0]! + y[y.length - 1]!;
    },
    check: () => {
      y.fill(Number.NaN);
      call();
      checkSame(`${name} ${how}`, y, expected);
    },
  });
  const sparse = Object.entries(WIDTHS).map(([how, width]) => {
    const weights = sparseWeights(SIZE, SIZE, width, sparsity);
    const expected = new Float32Array(batch * SIZE);
    direction.sparse(reference, batch, given, weights, expected);
    const { starts, rows, values } = weights;
    const held = { ...weights, starts: place.hold(starts), rows: place.hold(rows), values: place.hold(values) };
    const goal = name === 'wasm' && direction.name === '' && batch > 1 ? GOALS[how as Pattern](sparsity) : null;
    const made = variant(how, () => direction.sparse(kernels, batch, x, held, y), expected);
    return { dense: weights.dense, expected, variant: goal === null ? made : { ...made, goal } };
  });
  const { dense, expected } = sparse[0]!;
  const call = direction.dense(kernels, batch, x, place.hold(dense), y, place);
  return [variant('dense', call, expected), ...sparse.map((each) => each.variant)];
}

/** Products with sparse weights beside the dense product of the same table, all transposing that they need included. */
export function sparseRows(tables: readonly Table[]): Row[] {
  const fast = tables.filter(({ name, exact }) => exact && name !== 'reference');
  return BATCHES.flatMap((batch) =>
    DIRECTIONS.flatMap((direction) =>
      SPARSITIES.map((sparsity): Row => {
        return {
          name: `sparse${direction.name} ${SIZE}x${SIZE} ${sparsity} % batch ${batch}`,
          work: 2 * batch * SIZE * SIZE,
          unit: 'GFLOP/s',
          ratio: 'speed',
          quick: batch === 32 && sparsity === 80,
          peers: false,
          open: () => {
            const places = new Places();
            const variants = fast.flatMap((table) => variantsOn(table, direction, batch, sparsity, places.of(table)));
            return { variants, failures: [], close: () => places.free() };
          },
        };
      }),
    ),
  );
}
