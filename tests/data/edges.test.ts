import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { mul } from '../../src/autograd/arithmetic.ts';
import { permute, transpose } from '../../src/autograd/movement.ts';
import { GradientError, LimitError } from '../../src/base/errors.ts';
import {
  gunzip,
  MinMaxScaler,
  parseCSV,
  parseIDX,
  StandardScaler,
  splitIndices,
  stratifiedKFold,
  tableFromBytes,
  tableFromCSV,
  takeRows,
} from '../../src/data/index.ts';
import { tensor } from '../../src/tensor/create.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';

const y = { target: 'y' };
const rows = (n: number, row: (i: number) => string): string => Array.from({ length: n }, (_, i) => row(i)).join('\n');
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** What `run` throws. */
async function thrownBy(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a limit that is passed says what was asked and what is allowed', () => {
  const packed = gzipSync(Buffer.alloc(300));
  test.each<[string, () => unknown, string, number, number]>([
    ['parseCSV', () => parseCSV('a,b\n1,2\n3,4\n', { maxCells: 4 }), 'the number of cells so far', 6, 4],
    // Three numbers, but six cells.
    ['readCSV', () => tableFromCSV('x,y\n1,0\n2,1\n', { ...y, maxCells: 5 }), 'the number of cells so far', 6, 5],
    [
      'TableEncoder.transform',
      () => tableFromCSV('x,y\na,0\nb,1\nc,0\n', { ...y, maxCells: 8 }),
      'the number of features times rows',
      9,
      8,
    ],
    ['gunzip', () => gunzip(packed, { maxBytes: 299 }), 'the number of bytes unpacked so far', 300, 299],
    ['gunzip', () => tableFromBytes(packed, { ...y, maxBytes: 0 }), 'the number of bytes unpacked so far', 300, 0],
  ])('%s: %#', async (op, run, what, asked, limit) => {
    const error = await thrownBy(run);
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ asked, limit, message: `${op}: ${what} is ${asked}, the limit is ${limit}` });
  });

  test('gunzip unpacks 256 MiB unless told otherwise', async () => {
    const bomb = gzipSync(Buffer.alloc(257 * 1024 * 1024), { level: 1 });
    expect(await thrownBy(() => gunzip(bomb))).toMatchObject({ limit: 256 * 1024 * 1024 });
  });

  test('gunzip of nothing keeps to a limit of 0 bytes', async () => {
    expect((await gunzip(gzipSync(Buffer.alloc(0)), { maxBytes: 0 })).length).toBe(0);
    expect(await thrownBy(() => gunzip(packed, { maxBytes: -1 }))).toMatchObject({ code: 'value' });
  });
});

test('gunzip counts the bytes of a file that is too short', async () => {
  const packed = gzipSync('');
  expect(packed).toHaveLength(20);
  expect((await gunzip(packed)).length).toBe(0);
  for (const length of [2, 18, 19])
    await expect(gunzip(packed.subarray(0, length))).rejects.toThrow(
      `gzip: file: ${length} bytes are too few for a gzip file`,
    );
  await expect(gunzip(Uint8Array.of(0x1f, 0x8c))).rejects.toThrow('(at byte 0)');
});

test('gunzip refuses a second member whose checksum is that of both', async () => {
  const nothing = Uint8Array.of(0x9d, 0x0a, 0xd9, 0x6d); // its checksum is 0, as that of no bytes
  expect([...(await gunzip(gzipSync(nothing)))]).toEqual([...nothing]);
  const both = Buffer.concat([gzipSync(nothing), gzipSync('')]);
  await expect(gunzip(both)).rejects.toThrow(/^gzip: (trailer|stream): /);
});

test('gzip is told by two bytes', async () => {
  const text = new TextEncoder().encode('\x1f,y\n1,0\n2,1\n');
  expect((await tableFromBytes(text, y)).featureNames).toEqual(['\x1f']);
});

describe('tableFromCSV', () => {
  test('takes every option on, with a file that is packed too', async () => {
    const text = 'x;y\n1;3\n;5\n3;7\n';
    const options = { ...y, delimiter: ';', missing: 'mean', task: 'regression' } as const;
    for (const table of [tableFromCSV(text, options), await tableFromBytes(gzipSync(text), options)]) {
      expect(table.features.toArray()).toEqual([[1], [2], [3]]);
      expect(table.target.toArray()).toEqual([[3], [5], [7]]);
      expect(table.taskReason).toBe('regression: the caller said so');
    }
  });

  test('puts each column behind those of the texts before it', () => {
    const table = tableFromCSV('c,x,d,z,y\nb,1,q,4,no\na,2,p,5,yes\nc,3,q,6,no\n', y);
    expect(table.featureNames).toEqual(['c=a', 'c=b', 'c=c', 'x', 'd=p', 'd=q', 'z']);
    expect(table.features.toArray()).toEqual([
      [0, 1, 0, 1, 0, 1, 4],
      [1, 0, 0, 2, 1, 0, 5],
      [0, 0, 1, 3, 0, 1, 6],
    ]);
  });

  test('counts integers against maxDistinctIntegers, and everything else against maxCategories', () => {
    const integers = `x,y\n${rows(8, (i) => `1,${i % 4}`)}`;
    expect(tableFromCSV(integers, { ...y, maxDistinctIntegers: 4 }).taskReason).toBe(
      'classification: "y" has 4 distinct integers, at most 4',
    );
    expect(tableFromCSV(integers, { ...y, maxDistinctIntegers: 3 }).taskReason).toBe(
      'regression: "y" has 4 distinct integers, more than 3',
    );
    const forced = { ...y, task: 'classification', maxDistinctIntegers: 3 } as const;
    expect(tableFromCSV(integers, { ...forced, maxCategories: 4 }).classNames).toHaveLength(4);
    expect(() => tableFromCSV(integers, { ...forced, maxCategories: 3 })).toThrow(
      'csv: column "y": has 4 classes, more than 3 (maxCategories)',
    );
    const texts = `x,y\n${rows(4, (i) => `1,t${i}`)}`;
    expect(tableFromCSV(texts, { ...y, maxCategories: 4 }).classNames).toHaveLength(4);
    expect(() => tableFromCSV(texts, { ...y, maxCategories: 3 })).toThrow(
      'csv: column "y": has 4 classes, more than 3 (maxCategories), the first that is no number "t0" in line 2',
    );
  });

  test.each([
    ['x,y\n1,0.5\n2,1\n', {}, 'regression: "y" has numbers that are no integers'],
    ['x,y\n1,a\n2,b\n', { task: 'classification' }, 'classification: the caller said so'],
    ['x,y\n1,0\n2,1\n', { task: 'classification' }, 'classification: the caller said so'],
    ['x,y\n1,0\n2,1\n', { task: 'regression' }, 'regression: the caller said so'],
  ] as const)('says why: %j %j', (text, options, reason) => {
    expect(tableFromCSV(text, { ...y, ...options }).taskReason).toBe(reason);
  });

  test('classes of negative numbers and of fractions are sorted as numbers, texts by their characters', () => {
    expect(tableFromCSV('x,y\n1,10\n2,-2\n3,-10\n4,9\n', y).classNames).toEqual(['-10', '-2', '9', '10']);
    expect(tableFromCSV('x,y\n1,b\n2,B\n3,a\n4,10\n5,9\n', y).classNames).toEqual(['10', '9', 'B', 'a', 'b']);
  });

  test('a cell of 40 characters is shown whole, a longer one cut', () => {
    const refusal = (cell: string): string => `regression needs numbers, got "${cell}"`;
    const table = (cell: string) => () => tableFromCSV(`x,y\n1,${cell}\n`, { ...y, task: 'regression' });
    expect(table('q'.repeat(40))).toThrow(refusal('q'.repeat(40)));
    expect(table('q'.repeat(41))).toThrow(refusal(`${'q'.repeat(37)}...`));
  });
});

describe('parseIDX', () => {
  const file = (code: number, ...axes: number[]): Uint8Array => {
    const bytes = new Uint8Array(4 + 4 * axes.length + axes.reduce((p, q) => p * q, 1));
    bytes.set([0, 0, code, axes.length]);
    for (const [i, n] of axes.entries()) new DataView(bytes.buffer).setUint32(4 + 4 * i, n);
    return bytes;
  };

  test('takes eight axes, as a tensor does', () => {
    expect(parseIDX(file(8, 1, 1, 1, 2, 1, 1, 1, 3)).shape).toEqual([1, 1, 1, 2, 1, 1, 1, 3]);
    expect(() => parseIDX(file(8, 1, 1, 1, 1, 1, 1, 1, 1, 1))).toThrow('9 axes, expected 1 to 8');
  });

  test.each([
    [file(0x0a, 1), 'idx: type: unknown code 0x0a (at byte 2)'],
    [file(0xf1, 1), 'idx: type: unknown code 0xf1 (at byte 2)'],
    [Uint8Array.of(0, 0, 8), 'idx: magic: needs 4 bytes, the file has 3 (at byte 0)'],
    [file(8, 2, 3).subarray(0, 11), 'idx: shape: 2 axes need 12 bytes, the file has 11 (at byte 4)'],
    [file(8, 2, 3).subarray(0, 17), 'idx: data: shape [2, 3] makes 18 bytes, the file has 17 (at byte 12)'],
  ])('says what is wrong: %#', (bytes, message) => {
    expect(() => parseIDX(bytes)).toThrow(message);
  });

  test('names itself where a shape is too large', () => {
    const bytes = new Uint8Array(8);
    bytes.set([0, 0, 8, 1, 255, 255, 255, 255]);
    expect(() => parseIDX(bytes)).toThrow(/^parseIDX: the size of shape \[4294967295\] is 4294967295/);
  });
});

describe.each([
  ['StandardScaler', () => new StandardScaler()],
  ['MinMaxScaler', () => new MinMaxScaler()],
] as const)('%s', (name, make) => {
  const column = (...values: number[]): Tensor => fromData(Float64Array.from(values), [values.length, 1]);

  test('is fitted anew by a second fit, and stays as it was where one fails', () => {
    const scaler = make().fit(column(0, 4));
    scaler.fit(column(10, 12));
    const fitted = make().fit(column(10, 12)).toJSON();
    expect(scaler.toJSON()).toEqual(fitted);
    for (const bad of [column(1, Number.NaN), column(), column(-1.7e308, 1.7e308)]) {
      expect(() => scaler.fit(bad)).toThrow();
      expect(scaler.toJSON()).toEqual(fitted);
    }
  });

  test('refuses a spread past float64', () => {
    expect(() => make().fit(column(-1.7e308, 1.7e308))).toThrow(
      `${name}.fit: the spread of column 0 must be finite, got Infinity`,
    );
  });

  test.each(['transform', 'inverseTransform'] as const)('errors of %s name it', (method) => {
    const op = `${name}.${method}`;
    expect(() => make()[method](column(1))).toThrow(`${op}: the scaler is not fitted. Call fit() first`);
    const scaler = make().fit(column(0, 4));
    expect(() => scaler[method](column(1, Number.NaN))).toThrow(`${op}: the value in row 1, column 0 must be finite`);
    expect(() => scaler[method](tensor([[1, 2]]))).toThrow(`${op}: was fitted to 1 columns, got [1, 2]`);
  });

  test.each(['center', 'scale'] as const)('%s is refused before fit by name, and is a copy', (field) => {
    expect(() => make()[field]).toThrow(`${name}.${field}: the scaler is not fitted`);
    const scaler = make().fit(column(2, 4));
    const given = scaler[field] as number[];
    const before = [...given];
    given[0] = 99;
    expect(scaler[field]).toEqual(before);
  });

  test('a constant column has scale 1 at any place, and only matrices are taken', () => {
    const x = Float64Array.from({ length: 3 * 77 }, (_, i) => (i % 3 === 0 ? i : i % 3 === 1 ? 0.1 : 0.3));
    expect(
      make()
        .fit(fromData(x, [77, 3]))
        .scale.slice(1),
    ).toEqual([1, 1]);
    expect(() => make().fit(fromData(new Float32Array(8), [2, 2, 2]))).toThrow(
      `${name}.fit: needs [rows, columns] with at least one column, got [2, 2, 2]`,
    );
  });

  test('rows of a view are those that it shows', () => {
    const x = tensor([
      [1, 5, 2],
      [3, 9, 8],
    ]);
    expect(make().fit(transpose(x)).toJSON()).toEqual(
      make()
        .fit(
          tensor([
            [1, 3],
            [5, 9],
            [2, 8],
          ]),
        )
        .toJSON(),
    );
  });
});

describe('splits', () => {
  test('the seed decides in which order samples stand, not only where', () => {
    const orders = upTo(40).map((seed) => [...splitIndices(4, { testSize: 1, seed }).train]);
    const same = orders.filter((order) => !order.includes(3)).map(String);
    expect(new Set(same).size).toBeGreaterThan(1);
  });

  test('labels may be a column', () => {
    const labels = fromData(Int32Array.of(0, 0, 0, 1, 1, 1), [6, 1]);
    const flat = [0, 0, 0, 1, 1, 1];
    expect(splitIndices(6, { testSize: 2, stratify: labels })).toEqual(
      splitIndices(6, { testSize: 2, stratify: flat }),
    );
    expect(stratifiedKFold(labels, { folds: 3 })).toEqual(stratifiedKFold(flat, { folds: 3 }));
    const wide = fromData(Int32Array.of(0, 0, 1, 1), [2, 2]);
    expect(() => stratifiedKFold(wide, { folds: 2 })).toThrow('needs one label per sample, [n] or [n, 1]');
  });

  test('takeRows keeps all other axes and refuses a computed tensor and other rows by name', () => {
    const x = fromData(Float64Array.from(upTo(24)), [2, 3, 4]);
    const taken = takeRows(x, [1, 1]);
    expect([taken.shape, taken.dtype]).toEqual([[2, 3, 4], 'float64']);
    expect([...taken.data]).toEqual([...upTo(12), ...upTo(12)].map((i) => i + 12));
    expect(takeRows(permute(x, [2, 1, 0]), [3]).shape).toEqual([1, 3, 2]);
    expect([...takeRows(permute(x, [2, 1, 0]), [3]).data]).toEqual([3, 15, 7, 19, 11, 23]);
    const weights = tensor([1, 2]);
    weights.requiresGrad = true;
    expect(() => takeRows(mul(weights, 2), [0])).toThrow(GradientError);
    expect(() => takeRows(x, [0, 1, 2])).toThrow('takeRows: index 2 must be an integer from 0 to 1, got 2');
  });

  test('labels that are no labels are counted from 0', () => {
    expect(() => stratifiedKFold([0, 1, Number.NaN, 1])).toThrow(
      'stratifiedKFold: label 2 must be a finite number, a string or a boolean, got NaN',
    );
  });

  test('refusals name the function that was called, and what it got', () => {
    expect(() => splitIndices(1)).toThrow(
      'splitIndices: the number of samples must be an integer of at least 2, got 1',
    );
    expect(() => splitIndices(4, { testSize: 0.9 })).toThrow(
      'splitIndices: testSize must be small enough to leave one of 4 samples to train on, got 0.9',
    );
    expect(() => stratifiedKFold([0, 0, 1], { folds: 4 })).toThrow(
      'stratifiedKFold: folds must be an integer from 2 to 3, the number of samples, got 4',
    );
    expect(() => stratifiedKFold([0, 0, 1, 1], { folds: 3 })).toThrow(
      'folds must be at most 2, the number of samples of the largest class, got 3',
    );
  });
});
