import { reference } from 'whittle-ml/kernels';
import { checkSame, normal } from './data.ts';
import type { Peers } from './peers.ts';
import { type Contest, join, type Row, type Variant } from './row.ts';
import { implementations, type Place, Places, type Table } from './tables.ts';

/** A view of six axes that is copied row-major: an array of this shape with its axes in another order. */
interface View {
  readonly name: string;
  readonly shape: readonly number[];
  readonly axes: readonly number[];
}

const VIEWS: readonly View[] = [
  // Max pooling of [32, 26, 26, 32] by reshape and max: windows of 2×2 side by side.
  { name: 'windows', shape: [32, 13, 2, 13, 2, 32], axes: [0, 1, 3, 5, 2, 4] },
  { name: 'rows', shape: [32, 13, 2, 13, 2, 32], axes: [0, 1, 3, 2, 4, 5] },
  { name: 'reversed', shape: [10, 10, 10, 10, 10, 10], axes: [5, 4, 3, 2, 1, 0] },
  { name: 'mixed', shape: [8, 9, 10, 11, 12, 13], axes: [2, 0, 4, 1, 5, 3] },
  { name: 'mixed powers', shape: [4, 16, 8, 16, 8, 16], axes: [5, 2, 0, 3, 1, 4] },
  { name: 'last two', shape: [6, 7, 8, 9, 20, 30], axes: [0, 1, 2, 3, 5, 4] },
];

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
const stridesOf = (shape: readonly number[]): number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** The arguments of `stridedCopy` but for the arrays. */
function stridesOfView({ shape, axes }: View): readonly [shape: number[], x: number[], y: number[]] {
  const own = stridesOf(shape);
  const viewed = axes.map((axis) => shape[axis]!);
  return [viewed, axes.map((axis) => own[axis]!), stridesOf(viewed)];
}

/** Between arrays of the table's heap, as in a step, or, `outside`, between ordinary ones. */
function variantOn(
  table: Table,
  view: View,
  how: string,
  x: Float32Array,
  expected: Float32Array,
  place: Place,
): Variant {
  const [shape, xStrides, yStrides] = stridesOfView(view);
  const from = how === '' ? place.hold(x) : x;
  const to = how === '' ? place.floats(x.length) : new Float32Array(x.length);
  const call = (): void => table.kernels.stridedCopy(shape, from, 0, xStrides, to, 0, yStrides);
  return {
    who: table.name,
    how,
    ours: true,
    run: () => {
      call();
      return to[0]! + to[to.length - 1]!;
    },
    check: () => {
      to.fill(Number.NaN);
      call();
      checkSame(`${table.name} ${how}`, to, expected);
    },
  };
}

/** Copies of views of six axes, in the heap and outside of it, beside NumPy. */
export function copyRows(tables: readonly Table[], peers: Peers): Row[] {
  const fast = implementations(tables, 'stridedCopy').filter(({ name }) => name !== 'reference');
  return VIEWS.map((view): Row => {
    const size = sizeOf(view.shape);
    return {
      name: `copy ${view.name} ${view.shape.join('x')}`,
      work: size,
      unit: 'Melement/s',
      ratio: 'speed',
      quick: view.name === 'windows',
      peers: true,
      open: async (): Promise<Contest> => {
        const x = normal(size, 1);
        const expected = new Float32Array(size);
        const [shape, xStrides, yStrides] = stridesOfView(view);
        reference.stridedCopy(shape, x, 0, xStrides, expected, 0, yStrides);
        const places = new Places();
        const variants = fast.flatMap((table) => {
          const inside = variantOn(table, view, '', x, expected, places.of(table));
          if (table.kernels.heap === undefined) return [inside];
          return [inside, variantOn(table, view, 'outside', x, expected, places.of(table))];
        });
        return join(
          { variants, failures: [], close: () => places.free() },
          await peers.enter(
            '',
            (peer) => peer.copy?.({ shape: view.shape, axes: view.axes, x }),
            (name, y) => checkSame(name, Float32Array.from(y), expected),
          ),
        );
      },
    };
  });
}
