import { type Kernels, reference } from 'whittle-ml/kernels';
import { ARRAY_TASKS, type ArrayKind, type ArrayProblem } from './array-task.ts';
import { checkNear, checkScaled, normal } from './data.ts';
import type { Peers } from './peers.ts';
import { CheckError, type Contest, join, type Row, type Variant } from './row.ts';
import { implementations, type Place, Places, type Table } from './tables.ts';

export interface ArraySize {
  readonly kind: ArrayKind;
  readonly rows: number;
  readonly cols: number;
}

/** A million numbers, and ten. */
const SIDES = [1024, 3200] as const;
const MATRICES: readonly ArrayKind[] = [
  ...(['concat', 'slice', 'transpose', 'permute', 'flip', 'take'] as const),
  ...(['cast', 'argmax', 'column sums', 'softmax'] as const),
];
const SIZES: readonly ArraySize[] = [
  ...MATRICES.flatMap((kind) => SIDES.map((side): ArraySize => ({ kind, rows: side, cols: side }))),
  ...[2 ** 15, 320_000].flatMap((rows) =>
    (['gather', 'softmax'] as const).map((kind): ArraySize => ({ kind, rows, cols: 32 })),
  ),
  { kind: 'sort', rows: 1, cols: 100_000 },
  { kind: 'sort', rows: 1000, cols: 100 },
  { kind: 'topK', rows: 1, cols: 1_000_000 },
];

const QUICK: readonly ArrayKind[] = ['transpose', 'cast', 'softmax', 'sort'];

export function arrayProblemOf({ kind, rows, cols }: ArraySize): ArrayProblem {
  const x = normal(rows * cols, 1);
  if (kind === 'cast') for (let i = 0; i < x.length; i++) x[i] = 100 * x[i]!;
  const count = kind === 'gather' ? rows : kind === 'take' ? x.length : 0;
  const chance = normal(count, 2);
  const indices = Int32Array.from(chance, (value) => Math.floor(Math.abs(value) * 1e6) % count);
  return { kind, rows, cols, x, indices };
}

const inArrays: Place = { hold: (values) => values.slice() as typeof values, floats: (n) => new Float32Array(n) };

/** In the heap of a table, as in a step, or `outside`, on ordinary arrays. */
function variantOn(
  { name, kernels, exact }: Table,
  p: ArrayProblem,
  how: string,
  place: Place,
  expected: ArrayLike<number>,
): Variant {
  const { call, y } = ARRAY_TASKS[p.kind].make(kernels, p, place);
  return {
    ...{ who: name, how, ours: true },
    run: () => {
      call();
      return y[0]! + y[y.length - 1]!;
    },
    check: () => {
      y.fill(7);
      call();
      if (!exact) return checkNear(`${name} ${how}`, y, expected, 1e-5);
      const wrong = y.findIndex((value, i) => !Object.is(value, expected[i]));
      if (wrong >= 0)
        throw new CheckError(`${name} ${how}: element ${wrong} is ${y[wrong]}, should be ${expected[wrong]}`);
    },
  };
}

async function open(p: ArrayProblem, tables: readonly Table[], peers: Peers): Promise<Contest> {
  const wanted = ARRAY_TASKS[p.kind].make(reference as Kernels, p, inArrays);
  wanted.call();
  const places = new Places();
  const variants = tables.flatMap((table) => {
    const inside = variantOn(table, p, '', places.of(table), wanted.y);
    if (table.kernels.heap === undefined) return [inside];
    return [inside, variantOn(table, p, 'outside', inArrays, wanted.y)];
  });
  const others = await peers.enter(
    '',
    (peer) => peer.array?.(p),
    (name, y) => checkScaled(name, y, Float32Array.from(wanted.y)), // some sum in float32
  );
  return join({ variants, failures: [], close: () => places.free() }, others);
}

/** Moving, converting, reducing and sorting of large arrays, beside other libraries: times to that of NumPy's and others'. */
export function arrayRows(tables: readonly Table[], peers: Peers, sizes: readonly ArraySize[] = SIZES): Row[] {
  return sizes.map((size): Row => {
    const { kind, rows, cols } = size;
    const fast = implementations(tables, ARRAY_TASKS[kind].kernel).filter(({ name }) => name !== 'reference');
    return {
      name: `rows ${kind} ${rows}x${cols}`,
      work: rows * cols,
      unit: 'Melement/s',
      ratio: 'speed',
      quick: rows === SIDES[0] && QUICK.includes(kind),
      peers: true,
      open: () => open(arrayProblemOf(size), fast, peers),
    };
  });
}
