import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cpu, gemmLadder, type Kernels, reference } from 'whittle-ml/kernels';
import { arrayRows } from '../../bench/array-rows.ts';
import { ARRAY_TASKS, type ArrayKind } from '../../bench/array-task.ts';
import { copyRows } from '../../bench/copies.ts';
import { csvRow } from '../../bench/csv.ts';
import { exportRow } from '../../bench/exports.ts';
import { BENCH } from '../../bench/folder.ts';
import { gemmRows, gemmTransposedRows } from '../../bench/gemm.ts';
import { gemmInt8Rows } from '../../bench/gemm-int8.ts';
import { inferenceRows } from '../../bench/inference.ts';
import { integerOperandsOf, integerOperationOn, isInteger } from '../../bench/integer-operation.ts';
import { kernelCases } from '../../bench/kernel-cases.ts';
import { kernelRows } from '../../bench/kernels.ts';
import { levelRows } from '../../bench/levels.ts';
import { operationOn, packedConvolutionOn } from '../../bench/operation.ts';
import { problemOf } from '../../bench/operation-rows.ts';
import { Peers } from '../../bench/peers.ts';
import { checkProduct, exactProduct } from '../../bench/product.ts';
import { type Contest, nameOf, type Row } from '../../bench/row.ts';
import { sparseRows, sparseWeights } from '../../bench/sparse.ts';
import { sparseImageRows } from '../../bench/sparse-images.ts';
import { builtIn, implementations, ownTable, Places, reserve } from '../../bench/tables.ts';

const { tables, missing } = builtIn();
reserve(tables);
const peers = new Peers();

/** Checks every variant of a row and returns their names. */
async function checked(row: Row): Promise<string[]> {
  const contest: Contest = await row.open();
  for (const variant of contest.variants) await variant.check();
  contest.close();
  return contest.variants.map(nameOf);
}

describe('every variant of every row computes what its row says', () => {
  const rows = [...gemmRows(tables, peers), ...gemmTransposedRows(tables, peers), ...gemmInt8Rows(tables, peers)];
  test.each(rows.filter(({ work }) => work < 1e7))('$name', async (row) => {
    expect(await checked(row)).not.toEqual([]);
  });

  test('the other kernels', async () => {
    for (const row of kernelRows(tables)) expect((await checked(row))[0], row.name).toBe('reference');
  });

  test('moving, converting, reducing and sorting', async () => {
    const kinds = Object.keys(ARRAY_TASKS) as ArrayKind[];
    const rows = arrayRows(
      tables,
      peers,
      kinds.map((kind) => ({ kind, rows: 24, cols: 52 })),
    );
    for (const row of rows) expect(await checked(row), row.name).toContain('wasm outside');
    expect(new Set(arrayRows(tables, peers).map(({ name }) => name.split(/ \d/)[0])).size).toBe(kinds.length);
  });

  test('copies of views', async () => {
    for (const row of copyRows(tables, peers)) expect(await checked(row), row.name).toContain('cpu');
  });

  test('sparse convolutions and products of int8, beside the dense ones', async () => {
    const [three, one, product] = sparseImageRows(tables).filter(({ name }) => name.includes(' 90 % '));
    const pairs = ['dense', 'panels'];
    const namesOf = (kinds: readonly string[]): string[] =>
      kinds.flatMap((kind) => pairs.flatMap((how) => ['cpu', 'wasm'].map((who) => `${who} ${how}${kind}`))).sort();
    for (const row of [three!, one!])
      expect((await checked(row)).sort(), row.name).toEqual(namesOf(['', ' gradient', ' int8']));
    expect((await checked(product!)).sort()).toEqual(namesOf(['']));
  });

  test('sparse products and their gradients, beside the dense ones', async () => {
    const rows = sparseRows(tables).filter(({ name }) => name.includes(' 90 % '));
    expect(rows).toHaveLength(4);
    const names = ['dense', 'panels', 'quads', 'columns'].flatMap((how) => [`cpu ${how}`, `wasm ${how}`]);
    for (const row of rows) expect((await checked(row)).sort(), row.name).toEqual(names.sort());
  });

  test('weights of a few bits, beside float32', async () => {
    const [row] = levelRows(tables);
    const names = ['float32', 'int2', 'int4', 'int8'].flatMap((how) => [`cpu ${how}`, `wasm ${how}`]);
    expect((await checked(row!)).sort()).toEqual(names.sort());
  });

  test('an exported module, beside the program of its network', async () => {
    const names = ['float32', 'int8'].flatMap((how) => [`cpu ${how}`, `module ${how}`]);
    expect((await checked(exportRow())).sort()).toEqual(names.sort());
  });

  test('tables of numbers, in a process of its own that tells its memory', async () => {
    const contest = await csvRow(peers, 40, 3).open();
    const [ours] = contest.variants;
    await ours!.check();
    expect(ours!.memory!()).toBeGreaterThan(1e7);
    contest.close();
    const { reading } = await import(new URL('peers/csv.mjs', BENCH).href);
    expect(() => reading('nobody', { path: 'none', rows: 1, columns: 1 }).result()).toThrow();
  });

  test('inference on small and large batches, in float32 and int8', async () => {
    const row = inferenceRows(tables, peers).find(({ name }) => name === 'infer 100-64-64-10 batch 64')!;
    expect(await checked(row)).toEqual(expect.arrayContaining(['cpu float32', 'cpu int8']));
  });
});

test('a row of products has every rung and every table, and another table only where its function is another', async () => {
  const row = gemmRows(tables, peers)[0]!;
  const names = [...gemmLadder.map(({ name }) => name), ...tables.map(({ name }) => name)];
  expect(await checked(row)).toEqual(names);
  expect(implementations([...tables, { name: 'again', kernels: cpu, exact: true }], 'gemm')).toEqual(tables);
});

/** Kernels that the operations on images call. */
function kernelsOfOperations(): Set<string> {
  const called = new Set<string>();
  const watched = new Proxy(reference, {
    get: (table, name: keyof Kernels & string) => {
      called.add(name);
      return table[name];
    },
  });
  for (const kind of ['conv2d', 'depthwise', 'maxPool', 'avgPool', 'batchNorm'] as const) {
    const shape = { kind, batch: 2, height: 2, width: 2, channels: 2, units: 2, size: 1, stride: 1, padding: 0 };
    const p = problemOf(shape, true);
    const place = new Places().of({ kernels: reference });
    operationOn(watched, p, place).call(2);
    if (kind === 'conv2d') packedConvolutionOn(watched, p, place).call(2);
    if (isInteger(kind)) integerOperationOn(watched, p, integerOperandsOf(p, p.dy), place).call(2);
  }
  return called;
}

/** Kernels that the rows of sparse products call. */
const SPARSE = [
  ...['gemmSparse', 'gemmSparseGrad', 'conv2dSparse', 'conv2dSparseGrad'],
  ...['gemmSparseInt8', 'conv2dSparseInt8'],
];

test('of sparse weights as many blocks are left out as a row says, and their columns are those of the whole matrix', () => {
  for (const width of [1, 4, 16] as const) {
    const { starts, rows, values, dense } = sparseWeights(30, 33, width, 70);
    const panels = Math.ceil(33 / width);
    expect([starts.length, starts[panels], rows.length]).toEqual([panels + 1, rows.length, 30 * panels * 0.3]);
    expect(values).toHaveLength(width * rows.length);
    const x = Float32Array.from({ length: 30 }, (_, i) => i - 7);
    const [y, whole] = [new Float32Array(33), new Float32Array(33)];
    reference.gemmSparse(1, 33, 30, x, width, starts, rows, values, null, 'linear', y);
    reference.gemm(1, 33, 30, x, false, dense, false, null, 'linear', whole);
    expect(y).toEqual(whole);
  }
  expect(sparseWeights(5, 3, 1, 0).rows).toHaveLength(15);
});

test('every kernel has a row', () => {
  const covered = new Set([
    ...kernelCases.map(({ kernel }) => kernel),
    'gemm',
    'gemmInt8',
    'gemmLevels',
    ...SPARSE,
    ...kernelsOfOperations(),
  ]);
  const kernels = Object.entries(reference).filter(([, value]) => typeof value === 'function');
  expect(kernels.map(([name]) => name).filter((name) => !covered.has(name))).toEqual([]);
});

test('names of rows are different, and quick takes some of each kind', () => {
  const rows = [...gemmRows(tables, peers), ...gemmInt8Rows(tables, peers), ...kernelRows(tables)];
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  for (const word of ['gemm', 'gemmInt8', 'relu', 'adam']) {
    expect(rows.filter(({ name, quick }) => quick && name.startsWith(`${word} `)).length, word).toBeGreaterThan(0);
  }
});

test('a product that is a little wrong, or leaves a cell out, is noticed', () => {
  const [a, b] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)];
  const exact = exactProduct([2, 2, 2], a, b);
  const check = (spoil: (c: Float32Array) => void) => () => {
    const c = new Float32Array(4);
    cpu.gemm(2, 2, 2, a, false, b, false, null, 'linear', c);
    spoil(c);
    checkProduct('mine', c, exact);
  };
  expect(check(() => {})).not.toThrow();
  expect(check((c) => c.set([50.25], 3))).toThrow('mine: gemm 2x2x2 gives 50.25 at [1, 1], should be near 50');
  expect(check((c) => c.set([Number.NaN], 2))).toThrow('mine: gemm 2x2x2 gives NaN at [1, 0], should be near 43');
  expect(() => checkProduct('mine', [19, 22, 43], exact)).toThrow('gives NaN at [1, 1]');
});

test('the kernel of the README is right, and stands in the row as own', async () => {
  const readme = readFileSync(new URL('../../bench/README.md', import.meta.url), 'utf8');
  const [, code] = /```js\n(.*?)```/s.exec(readme)!;
  const { gemm } = (await import(`data:text/javascript,${encodeURIComponent(code!)}`)) as Pick<Kernels, 'gemm'>;
  const row = gemmRows([...tables, ownTable({ gemm })], peers).find(({ name }) => name === 'gemm 32x100x64')!;
  expect((await checked(row)).at(-1)).toBe('own');
});

test("a reader's other kernels join their rows, and only those", async () => {
  const own = ownTable({ relu: (n, x, y) => void y.set(x.subarray(0, n).map((v) => Math.max(0, v))) });
  const rows = kernelRows([...tables, own]);
  const names = async (name: string): Promise<string[]> => checked(rows.find((row) => row.name === name)!);
  expect(await names('relu 4096')).toContain('own');
  expect(await names('exp 4096')).not.toContain('own');
});

test('arrays of a table with a heap lie in it, and the memory is given back', () => {
  for (const { kernels } of tables) {
    const { heap } = kernels;
    if (heap === undefined) continue;
    const before = heap.counters().used;
    const places = new Places();
    const array = places.of({ kernels }).hold(Float32Array.of(1, 2, 3));
    expect([...array]).toEqual([1, 2, 3]);
    expect(heap.has(array)).toBe(true);
    places.free();
    expect(heap.counters().used).toBe(before);
  }
});

test('a table that this engine cannot run is missing with its reason', () => {
  const refuse = (): never => {
    throw new Error('wasm: this runtime has no WebAssembly SIMD');
  };
  const found = builtIn(refuse);
  expect(found.tables.map(({ name }) => name)).toEqual(['reference', 'cpu']);
  expect(found.missing[0]).toEqual({ name: 'wasm', reason: 'wasm: this runtime has no WebAssembly SIMD' });
  expect(found.missing[1]!.reason).toContain('--experimental-wasm-relaxed-simd');
  expect(tables.length + missing.length).toBe(4);
});
