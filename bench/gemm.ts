import { gemmLadder } from 'whittle-ml/kernels';
import { normal } from './data.ts';
import type { Entrants } from './entrants.ts';
import { checkProduct, type Exact, exactProduct, type GemmShape, nameOfShape, transposed } from './product.ts';
import { type ClockedVariant, type Contest, join, type Row, type Variant } from './row.ts';
import { implementations, type Place, Places, type Table } from './tables.ts';

const SQUARES: readonly GemmShape[] = [32, 64, 128, 256, 512, 1024].map((n) => [n, n, n] as const);
/** The products of networks on a batch of 32, and one on a single sample. */
const SKINNY: readonly GemmShape[] = [
  [32, 784, 128],
  [32, 100, 64],
  [32, 64, 64],
  [32, 64, 10],
  [1, 784, 128],
];
const QUICK = ['64x64x64', '256x256x256', '32x784x128'];

/** A transposed form: T where the operand is stored with its axes exchanged. */
type Form = 'NN' | 'TN' | 'NT' | 'TT';

/** Squares, and what the backward pass of a dense layer multiplies: Xᵀ·dZ and dZ·Wᵀ. */
const TRANSPOSED: readonly (readonly [Form, GemmShape])[] = [
  ...(['TN', 'NT', 'TT'] as const).flatMap((form) =>
    [64, 256, 512].map((n) => [form, [n, n, n]] as readonly [Form, GemmShape]),
  ),
  ['TN', [784, 32, 128]],
  ['NT', [32, 128, 784]],
];

/** The product of a table: arrays where it reads them in place, and a call. */
export function productOn(
  { name, kernels }: Table,
  form: Form,
  how: string,
  [a, b]: readonly [Float32Array, Float32Array],
  exact: Exact,
  place: Place,
): ClockedVariant {
  const [m, k, n] = exact.shape;
  const transA = form[0] === 'T';
  const transB = form[1] === 'T';
  const x = place.hold(transA ? transposed(a, m, k) : a);
  const y = place.hold(transB ? transposed(b, k, n) : b);
  const c = place.floats(m * n);
  const call = (): void => kernels.gemm(m, n, k, x, transA, y, transB, null, 'linear', c);
  return {
    who: name,
    how,
    ours: true,
    run: () => {
      call();
      return c[0]! + c[m * n - 1]!;
    },
    check: () => {
      c.fill(Number.NaN); // so that a cell left out is noticed
      call();
      checkProduct(name, c, exact);
    },
  };
}

const peersOn = (
  peers: Entrants,
  form: Form,
  [a, b]: readonly [Float32Array, Float32Array],
  exact: Exact,
): Promise<Contest> => {
  const [m, k, n] = exact.shape;
  const transA = form[0] === 'T';
  const transB = form[1] === 'T';
  const problem = {
    ...{ m, n, k, transA, transB },
    a: transA ? transposed(a, m, k) : a,
    b: transB ? transposed(b, k, n) : b,
  };
  return peers.enter(
    '',
    (peer) => peer.gemm?.(problem),
    (name, c) => checkProduct(name, c, exact),
  );
};

/** float32: every rung of the ladder, every table, the reader's own kernel, other libraries. */
export function gemmRows(tables: readonly Table[], peers: Entrants): Row[] {
  const plain = implementations(tables, 'gemm');
  return [...SQUARES, ...SKINNY].map((shape): Row => {
    const [m, k, n] = shape;
    return {
      name: `gemm ${nameOfShape(shape)}`,
      work: 2 * m * n * k,
      unit: 'GFLOP/s',
      ratio: 'speed',
      quick: QUICK.includes(nameOfShape(shape)),
      peers: true,
      open: async () => {
        const operands = [normal(m * k, 1), normal(k * n, 2)] as const;
        const exact = exactProduct(shape, ...operands);
        const places = new Places();
        const rungs = gemmLadder.map((rung) => rungOf(rung, operands, exact));
        const ours = plain.map((table) => productOn(table, 'NN', '', operands, exact, places.of(table)));
        return join(
          { variants: [...rungs, ...ours], failures: [], close: () => places.free() },
          await peersOn(peers, 'NN', operands, exact),
        );
      },
    };
  });
}

function rungOf(
  { name, gemm }: (typeof gemmLadder)[number],
  [a, b]: readonly [Float32Array, Float32Array],
  exact: Exact,
): Variant {
  const [m, k, n] = exact.shape;
  const c = new Float32Array(m * n);
  return {
    who: name,
    how: '',
    ours: true,
    run: () => {
      gemm(m, n, k, a, b, c);
      return c[0]! + c[m * n - 1]!;
    },
    check: () => {
      c.fill(Number.NaN);
      gemm(m, n, k, a, b, c);
      checkProduct(name, c, exact);
    },
  };
}

/** Transposed operands against plain ones of the same table, and against other libraries; a reader's kernel has none. */
export function gemmTransposedRows(tables: readonly Table[], peers: Entrants): Row[] {
  const fast = implementations(
    tables.filter(({ name }) => name !== 'reference' && name !== 'own'),
    'gemm',
  );
  return TRANSPOSED.map(([form, shape]): Row => {
    const [m, k, n] = shape;
    return {
      name: `gemm ${form} ${nameOfShape(shape)}`,
      work: 2 * m * n * k,
      unit: 'GFLOP/s',
      ratio: 'speed',
      quick: m === 784,
      peers: true,
      open: async () => {
        const operands = [normal(m * k, 1), normal(k * n, 2)] as const;
        const exact = exactProduct(shape, ...operands);
        const places = new Places();
        const variants = fast.flatMap((table) => [
          productOn(table, 'NN', 'plain', operands, exact, places.of(table)),
          { ...productOn(table, form, '', operands, exact, places.of(table)), base: `${table.name} plain` },
        ]);
        return join(
          { variants, failures: [], close: () => places.free() },
          await peersOn(peers, form, operands, exact),
        );
      },
    };
  });
}
